//! The graph of a tape as data, and in the DOT language.

use super::values::kind;
use crate::trace::watch::NotedArgument;
use crate::trace::{Link, NO_NODE, Note, SourceLine, Tape};
use std::collections::HashMap;
use std::fmt::Write;
use std::rc::Rc;

/// An argument of a node.
#[derive(Clone, Debug, PartialEq)]
pub enum Arg {
    /// A result of another node: its place in [`Graph::nodes`], its number on the tape.
    Node(usize, u32),
    Constant(Rc<str>),
}

/// An operation with its results, or an input.
#[derive(Clone, Debug, Default)]
pub struct Node {
    /// The number of its (first) result on the tape.
    pub id: u32,
    /// `None` for an input.
    pub name: Option<String>,
    pub parameters: String,
    pub args: Vec<Arg>,
    /// Form, label and value of each result.
    pub results: Vec<Output>,
    pub within: Option<Rc<str>>,
    pub called_at: Option<SourceLine>,
    pub wrong: Option<String>,
}

#[derive(Clone, Debug, Default)]
pub struct Output {
    pub kind: String,
    pub label: Option<Rc<str>>,
    pub value: Option<String>,
}

/// What pictures and traces show.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shown {
    pub hide_values: bool,
    pub hide_places: bool,
    pub hide_constants: bool,
}

/// What a tape holds.
pub struct Graph {
    pub nodes: Vec<Node>,
    /// The first node whose value, or whose derivative, is no number.
    pub bad: Option<usize>,
}

impl Graph {
    /// How many nodes the graph of a tape has.
    pub fn count(tape: &Tape) -> usize {
        tape.heads.iter().filter(|head| !matches!(head.link(), Link::Result)).count()
    }

    pub fn of(tape: &Tape) -> Graph {
        let mut nodes: Vec<Node> = Vec::new();
        // Where the results of each node on the tape are found.
        let mut places: HashMap<u32, usize> = HashMap::new();
        let none = Note::default();
        for (id, head) in (0u32..).zip(&tape.heads) {
            let note = tape.notes.get(id).unwrap_or(&none);
            let output = Output {
                kind: tape.meta(id).map_or_else(|| "f64[]".into(), |m| kind(m.dtype, &m.shape)),
                label: note.label.clone(),
                value: note.value.clone(),
            };
            if let (Link::Result, Some(last)) = (head.link(), nodes.last_mut()) {
                last.wrong = last.wrong.take().or_else(|| note.wrong.clone());
                last.results.push(output);
                places.insert(id, nodes.len() - 1);
                continue;
            }
            let (name, parents) = match head.link() {
                Link::Number(parents, _) => {
                    let parents: Vec<u32> = parents.into_iter().filter(|&p| p != NO_NODE).collect();
                    ((!parents.is_empty()).then_some("a number"), parents)
                }
                Link::General(k) => match &tape.general[k as usize] {
                    Some(g) => (g.rule.as_ref().map(|r| r.name()), g.parents.iter().map(|p| p.1).collect()),
                    None => (Some("swept"), Vec::new()),
                },
                Link::Short(k) => {
                    let short = &tape.short[k as usize];
                    let parents = short.recorded().into_iter().map(|p| p.1).collect();
                    (Some(short.rule.map_or("swept", |r| r.name())), parents)
                }
                Link::Element(parent, _) => (Some("ag_index"), vec![parent]),
                Link::Total(parent) => (Some("ag_sum"), vec![parent]),
                Link::Result => continue,
            };
            let at = |parent: u32| places.get(&parent).map(|&i| Arg::Node(i, parent));
            let args = if !note.args.is_empty() {
                note.args
                    .iter()
                    .filter_map(|given| match given {
                        NotedArgument::Node(parent) => at(*parent),
                        NotedArgument::Constant(text) => Some(Arg::Constant(text.clone())),
                    })
                    .collect()
            } else {
                parents.into_iter().filter_map(at).collect()
            };
            places.insert(id, nodes.len());
            nodes.push(Node {
                id,
                name: note.name.as_deref().or(name).map(String::from),
                parameters: note.parameters.clone(),
                args,
                results: vec![output],
                within: note.within.clone(),
                called_at: note.called_at.clone(),
                wrong: note.wrong.clone(),
            });
        }
        // A value explains what is wrong with those after it; a derivative is reached from the other end.
        let value = |n: &Node| n.wrong.as_ref().is_some_and(|w| !w.starts_with("its derivative"));
        let bad = nodes.iter().position(value).or_else(|| nodes.iter().rposition(|n| n.wrong.is_some()));
        Graph { nodes, bad }
    }

    /// Whether another node reads each node.
    pub fn used(&self) -> Vec<bool> {
        let mut used = vec![false; self.nodes.len()];
        for arg in self.nodes.iter().flat_map(|n| &n.args) {
            if let Arg::Node(i, _) = arg {
                used[*i] = true;
            }
        }
        used
    }

    /// The graph in the DOT language of Graphviz.
    pub fn to_dot(&self, shown: Shown) -> String {
        let mut text = String::from(
            "digraph tape {\n  node [shape=box, style=\"rounded,filled\", fontname=\"Helvetica\", fontsize=11, \
             color=\"#64748b\", fillcolor=\"#ffffff\"];\n  edge [color=\"#64748b\", arrowsize=0.7];\n",
        );
        let used = self.used();
        for (i, node) in self.nodes.iter().enumerate() {
            let lines: Vec<String> = node.lines(shown).iter().map(|l| escaped(l)).collect();
            let look = self.look(i, used[i]);
            let _ = write!(
                text,
                "  n{} [label=\"{}\", fillcolor=\"{}\", color=\"{}\"",
                node.id,
                lines.join("\\n"),
                look.fill,
                look.line
            );
            text += if look.strong { ", penwidth=2.5];\n" } else { "];\n" };
            for arg in &node.args {
                let Arg::Node(parent, result) = arg else { continue };
                let parent = &self.nodes[*parent];
                let _ = write!(text, "  n{} -> n{}", parent.id, node.id);
                if parent.results.len() > 1 {
                    let _ = write!(text, " [taillabel=\"v{result}\", fontsize=9]");
                }
                text += ";\n";
            }
        }
        text + "}\n"
    }

    /// How a node is drawn.
    pub fn look(&self, i: usize, used: bool) -> Look {
        let node = &self.nodes[i];
        let strong = self.bad == Some(i);
        let (fill, line) = match node {
            _ if strong => ("#fca5a5", "#b91c1c"),
            Node { wrong: Some(_), .. } => ("#fee2e2", "#dc2626"),
            Node { name: None, .. } => ("#dbeafe", "#2563eb"),
            Node { within: Some(_), .. } => ("#fef3c7", "#d97706"),
            _ if !used => ("#dcfce7", "#16a34a"),
            _ => ("#ffffff", "#64748b"),
        };
        Look { fill, line, strong }
    }
}

/// Colours of a node.
pub struct Look {
    pub fill: &'static str,
    pub line: &'static str,
    pub strong: bool,
}

impl Node {
    /// `ag_mul(v1, 2)`, or `input`.
    pub fn call(&self) -> String {
        let Some(name) = &self.name else { return "input".into() };
        let args = self.args.iter().map(|arg| match arg {
            Arg::Node(_, id) => format!("v{id}"),
            Arg::Constant(text) => text.to_string(),
        });
        let parameters = (!self.parameters.is_empty()).then(|| self.parameters.clone());
        format!("{name}({})", args.chain(parameters).collect::<Vec<_>>().join(", "))
    }

    /// The lines of a picture's box.
    pub fn lines(&self, shown: Shown) -> Vec<String> {
        let mut lines = Vec::new();
        let constants = self.args.iter().any(|a| matches!(a, Arg::Constant(_))) || !self.parameters.is_empty();
        match &self.name {
            None if self.results[0].label.is_some() => {
                lines.extend(self.results[0].label.as_ref().map(|l| cut(l.to_string(), 44)));
            }
            Some(_) if constants && !shown.hide_constants => lines.push(cut(self.call(), 44)),
            Some(name) => lines.push(name.clone()),
            None => lines.push("input".into()),
        }
        for (id, result) in (self.id..).zip(&self.results) {
            let label = result.label.as_ref().filter(|_| self.name.is_some());
            let label = label.map(|l| cut(l.to_string(), 32) + " = ").unwrap_or_default();
            lines.push(format!("{label}v{id} : {}", result.kind));
            if let Some(value) = result.value.as_ref().filter(|_| !shown.hide_values) {
                lines.push(cut(format!("= {value}"), 44));
            }
        }
        if let Some(within) = &self.within {
            lines.push(format!("derivative of {within}"));
        }
        if let Some(called_at) = self.called_at.as_ref().filter(|_| !shown.hide_places) {
            let file = called_at.file.rsplit(['/', '\\']).next().unwrap_or(&called_at.file);
            lines.push(cut(format!("{file}:{}", called_at.line), 44));
        }
        lines.extend(self.wrong.as_ref().map(|w| cut(w.clone(), 44)));
        lines
    }
}

/// At most so many characters.
fn cut(text: String, most: usize) -> String {
    if text.chars().count() <= most {
        return text;
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', " ")
}
