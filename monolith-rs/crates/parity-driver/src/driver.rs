//! The driver's loop: one answer to each request.

use std::io::{self, BufRead, Write};

use monolith_testing::panics;

use crate::play;
use crate::port::Port;
use crate::protocol;
use crate::wire::protocol::{Answer, HelloRequest, PlayRequest, Request};

/// Serves the host on this process's stdin and stdout until it says `bye` or closes stdin.
///
/// stdout belongs to the protocol alone; a port writes its own messages to stderr.
///
/// # Errors
///
/// Returns an error if a line is no request, if the host speaks another version of the
/// protocol, or if a stream fails.
pub fn run(mut port: impl Port) -> io::Result<()> {
    serve(&mut port, io::stdin().lock(), &mut io::stdout().lock())
}

/// Serves a host on these streams as [`run`] does.
///
/// ```
/// use std::sync::Arc;
/// use parity_driver::{Identity, Job, Port, Scenario, Unplayable, World, serve};
///
/// struct Nothing;
///
/// impl Port for Nothing {
///     fn identity(&self) -> Identity {
///         Identity {
///             implementation: "nothing".to_owned(),
///             version: "1".to_owned(),
///             source_digest: None,
///             capabilities: vec![],
///             channels: None,
///             needs: None,
///         }
///     }
///
///     fn begin(&mut self, _: &Scenario, _: &World) -> Result<Arc<dyn Job>, Unplayable> {
///         Err(Unplayable::lacks("a job"))
///     }
/// }
///
/// let mut answers = Vec::new();
/// let requests = br#"{"type": "hello", "protocol": 1}
/// {"type": "bye"}"#;
/// serve(&mut Nothing, &requests[..], &mut answers)?;
/// assert!(answers.starts_with(br#"{"type":"hello","protocol":1,"implementation":"nothing""#));
/// assert!(answers.ends_with(b"\n{\"type\":\"bye\"}\n"));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// From then on, each panic in this process also prints its location in one line to stderr.
///
/// # Errors
///
/// The same as for [`run`].
pub fn serve(port: &mut impl Port, input: impl BufRead, output: &mut impl Write) -> io::Result<()> {
    panics::note_places();
    for line in input.lines() {
        let answer = match protocol::read(&line?)? {
            Ok(request) => answer_to(request, port)?,
            Err(answer) => answer,
        };
        serde_json::to_writer(&mut *output, &answer)?;
        output.write_all(b"\n")?;
        output.flush()?;
        if matches!(answer, Answer::Bye {}) {
            break;
        }
    }
    Ok(())
}

fn answer_to(request: Request, port: &mut impl Port) -> io::Result<Answer> {
    Ok(match request {
        Request::Hello(HelloRequest { protocol }) => protocol::hello(protocol, port.identity())?,
        Request::Play(PlayRequest {
            seq,
            seed,
            schedule,
            scenario,
        }) => match protocol::clock(seed, schedule) {
            Ok(clock) => play::play(port, seq, &clock, scenario),
            Err(message) => Answer::failed(seq, message),
        },
        Request::Bye(_) => Answer::Bye {},
        interop => port.interop(interop),
    })
}
