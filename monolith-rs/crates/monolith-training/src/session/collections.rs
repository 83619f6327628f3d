//! Collections of a graph: iterators over input, and tables of features.

use std::fmt;

use crate::errors::Result;

/// An iterator whose position can be saved and restored (B60-B66).
pub trait SaveableIterator: fmt::Debug + Send + Sync {
    /// The position, serialized; this doesn't move the iterator.
    ///
    /// An iterator that can't be saved gives an `UnimplementedError`.
    fn save(&self) -> Result<Vec<u8>>;

    /// Goes back, or on, to a position that [`save`](Self::save) gave.
    fn restore(&self, position: &[u8]) -> Result<()>;
}

/// The two kinds of tables.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TableKind {
    /// An ordinary hash table.
    Hash,
    /// Several tables behind one resource.
    MultiHash,
}

/// A table of features, each entry of which belongs to a slot (B67-B70).
pub trait EmbeddingTable: fmt::Debug + Send + Sync {
    /// The device that the table is placed on.
    fn device(&self) -> &str;

    /// Which kind of table this is.
    fn kind(&self) -> TableKind;

    /// Calls `visit` with the slot of each entry; an error of `visit` leaves.
    fn visit_slots(&self, visit: &mut dyn FnMut(i64) -> Result<()>) -> Result<()>;
}
