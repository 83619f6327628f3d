//! Plays scenarios on the Rust port and says what happened, as JSON lines.
//!
//! The protocol is `docs/driver-protocol.md`. stdout belongs to it alone; what
//! the driver has to say for itself goes to stderr.
//!
//! - [`protocol`]: requests and answers;
//! - [`scenario`]: a scenario as canonical JSON has it;
//! - [`play`]: plays one;
//! - [`interop`]: serves, calls, encodes and decodes, for other languages to meet.

mod interop;
mod play;
mod protocol;
mod scenario;

use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use protocol::{Answer, Request};

fn main() -> ExitCode {
    play::logs::install();
    match serve(io::stdin().lock(), &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Answers each line until there are no more, or until it is told `bye`.
fn serve(input: impl BufRead, output: &mut impl Write) -> io::Result<()> {
    let mut interop = interop::Peer::default();
    for line in input.lines() {
        let answer = match protocol::read(&line?)? {
            Ok(request) => answer_to(request, &mut interop)?,
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

fn answer_to(request: Request, interop: &mut interop::Peer) -> io::Result<Answer> {
    Ok(match request {
        Request::Hello { protocol } => protocol::hello(protocol)?,
        Request::Play {
            seq,
            seed,
            schedule,
            scenario,
        } => match protocol::clock(seed, schedule) {
            Ok(clock) => play::play(seq, &clock, scenario),
            Err(message) => Answer::failed(seq, message),
        },
        Request::Serve(serve) => interop.serve(serve),
        Request::Arrive(arrive) => interop.arrive(&arrive),
        Request::StopServing { seq } => interop.stop_serving(seq),
        Request::Call(call) => interop::call(&call),
        Request::Encode(encode) => interop::encode(encode),
        Request::Decode(decode) => interop::decode(decode),
        Request::Look(look) => interop::look(look, interop),
        Request::Bye {} => Answer::Bye {},
    })
}
