//! The files in which a saver hook leaves the graph (B74).
//!
//! They are a `GraphDef` and a `MetaGraphDef` that TensorFlow can read. In them are the
//! variables, which is all that the port has of a graph.

use std::path::Path;

use prost::Message;

use crate::errors::Result;
use crate::files::Files;
use crate::text_format::quote;

/// The file that holds the graph as text.
const GRAPH_FILENAME: &str = "graph.pbtxt";

/// The file that holds the graph in a form that TensorFlow can load.
const META_GRAPH_FILENAME: &str = "meta_graph_for_debugging.pb";

/// The op of every variable.
const VARIABLE_OP: &str = "VarHandleOp";

/// A `tensorflow.NodeDef`, of which these fields are used.
#[derive(Clone, PartialEq, Message)]
struct NodeDef {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    op: String,
}

/// A `tensorflow.GraphDef`.
#[derive(Clone, PartialEq, Message)]
struct GraphDef {
    #[prost(message, repeated, tag = "1")]
    node: Vec<NodeDef>,
}

/// A `tensorflow.MetaGraphDef`.
#[derive(Clone, PartialEq, Message)]
struct MetaGraphDef {
    #[prost(message, optional, tag = "2")]
    graph_def: Option<GraphDef>,
}

/// Writes the graph of these variables in a form that TensorFlow can load.
pub(super) fn write_meta_graph(files: &Files, dir: &Path, variables: &[&str]) -> Result<()> {
    let meta_graph = MetaGraphDef {
        graph_def: Some(graph_of(variables)),
    };
    files.write_whole(&dir.join(META_GRAPH_FILENAME), meta_graph.encode_to_vec())
}

/// Writes the graph of these variables as text.
pub(super) fn write_graph(files: &Files, dir: &Path, variables: &[&str]) -> Result<()> {
    let nodes = graph_of(variables).node.into_iter().map(|node| {
        let (name, op) = (quote(&node.name), quote(&node.op));
        format!("node {{\n  name: {name}\n  op: {op}\n}}\n")
    });
    files.write_whole(&dir.join(GRAPH_FILENAME), nodes.collect::<String>())
}

fn graph_of(variables: &[&str]) -> GraphDef {
    let nodes = variables.iter().map(|&name| NodeDef {
        name: name.to_owned(),
        op: VARIABLE_OP.to_owned(),
    });
    GraphDef {
        node: nodes.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_name_the_variables() {
        let dir = tempfile::tempdir().unwrap();
        let (files, names) = (Files::default(), ["global_step", "barrier_var"]);
        write_meta_graph(&files, dir.path(), &names).unwrap();
        write_graph(&files, dir.path(), &names).unwrap();
        let bytes = std::fs::read(dir.path().join(META_GRAPH_FILENAME)).unwrap();
        let graph = MetaGraphDef::decode(&*bytes).unwrap().graph_def.unwrap();
        assert_eq!(graph, graph_of(&names));
        let text = std::fs::read_to_string(dir.path().join(GRAPH_FILENAME)).unwrap();
        let first = "node {\n  name: \"global_step\"\n  op: \"VarHandleOp\"\n}\n";
        assert!(text.starts_with(first), "{text}");
    }
}
