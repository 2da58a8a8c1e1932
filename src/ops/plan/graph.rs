//! `craft plan graph`: the phases of the plan that is under way, and what they wait for.

use crate::book::fields::Status;
use crate::context::Context;
use crate::git::reads::Reads;
use crate::ops::error::OpError;
use crate::ops::plan::documents::Documents;
use crate::ops::plan::{Place, merged, store};
use crate::phase::graph::{self, Node, Shape};

/// The graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graph {
    /// The plan.
    pub documents: Documents,
    /// Its phases.
    pub nodes: Vec<Node>,
    /// Levels, and what is wrong.
    pub shape: Shape,
    /// The phases that may begin now.
    pub ready: Vec<u32>,
}

/// The graph of the plan that is under way. Of completed phases git is asked whether they are merged; where it cannot
/// tell, the book counts.
///
/// # Errors
/// No book, no plan, or one without phases.
pub fn graph(ctx: &Context, place: &Place) -> Result<Graph, OpError> {
    let config = place.config(ctx)?;
    let book = store::need(place)?;
    let documents = Documents::load(place, &book, &config.plans.branch_prefix)?
        .ok_or_else(|| OpError::refused("no plan is under way").remedy("`craft plan new TASK --phases …` makes one"))?;
    if documents.phases.is_empty() {
        return Err(OpError::refused(format!("{} has no phases", documents.path))
            .remedy("`craft plan convert --phases …` gives it some"));
    }
    let git = place.git(ctx, &config);
    let reads = Reads::open(&place.books, &git);
    let main = merged::main(&config, &reads).ok();
    let mut nodes: Vec<Node> = documents.nodes();
    for (node, phase) in nodes.iter_mut().zip(&documents.phases).filter(|(n, _)| n.status == Status::Completed) {
        let standing = main.as_ref().and_then(|main| merged::standing(place, &git, &reads, main, phase).ok());
        node.merged = standing.map(|s| s.merged.is_some());
    }
    let (shape, ready) = (graph::shape(&nodes), graph::ready(&nodes));
    Ok(Graph { documents, nodes, shape, ready })
}

impl Documents {
    /// The phases as nodes of a graph; whether they are merged is not asked.
    #[must_use]
    pub fn nodes(&self) -> Vec<Node> {
        let node = |p: &crate::ops::plan::documents::PhaseDocument| Node {
            phase: p.number,
            title: p.title.clone(),
            status: p.status,
            merged: None,
            depends: p.depends.clone(),
        };
        self.phases.iter().map(node).collect()
    }
}
