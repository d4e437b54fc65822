//! A tape as a picture, drawn by the library itself.
//!
//! A layered drawing in the manner of Sugiyama, Tagawa and Toda (Methods for Visual Understanding of Hierarchical
//! System Structures, 1981). Ranks are longest paths from the inputs; an input stands right above its first reader.
//! What is read several ranks below goes there along a line of bends, one line for all readers. The order within ranks
//! comes from barycenters, swept down and up; of all orders seen the one with the fewest crossings is taken. The places
//! come from repeated averaging: each rank moves towards the middle of its neighbours, as near as boxes that must not
//! overlap allow. That is a least squares problem with an order, whose solution is found by pooling (isotonic
//! regression).

use super::graph::{Arg, Graph, Shown};
use crate::error::{Error, Result};
use crate::trace::Tape;
use std::fmt::Write;

/// Pixels of a character of the font below, which is monospaced so that widths are known.
const CHARACTER: f64 = 6.65;
const FONT: f64 = 11.0;
const LINE: f64 = 15.0;
const PADDING: f64 = 9.0;
/// Between boxes of a rank, and between ranks.
const GAP: f64 = 22.0;
const RANK_GAP: f64 = 42.0;
const MARGIN: f64 = 24.0;

/// The nodes that a picture holds unless the caller says otherwise.
pub const MOST_NODES: usize = 600;

/// Boxes and bends of the largest drawing that is tried.
const MOST_ITEMS: usize = 200_000;

/// A box, or a bend of a long line.
struct Item {
    /// Node of the graph; `None` for a bend.
    node: Option<usize>,
    rank: usize,
    x: f64,
    width: f64,
    height: f64,
    /// Items of the next rank that read from here.
    below: Vec<usize>,
    above: Vec<usize>,
}

struct Layout {
    items: Vec<Item>,
    /// Items of each rank from left to right.
    ranks: Vec<Vec<usize>>,
}

/// A tape as an SVG document.
pub fn of_tape(tape: &Tape, shown: Shown, most: usize) -> Result<String> {
    let n = Graph::count(tape);
    if n > most {
        return Err(Error::value(format!(
            "the tape has {n} nodes, a picture of more than {most} cannot be read (max_nodes of the options); \
             ag_tape_to_text lists them, ag_tape_to_dot is for tools that zoom"
        )));
    }
    to_svg(&Graph::of(tape), shown)
}

/// A graph as an SVG document.
pub fn to_svg(graph: &Graph, shown: Shown) -> Result<String> {
    let lines: Vec<Vec<String>> = graph.nodes.iter().map(|node| node.lines(shown)).collect();
    let mut layout = Layout::new(graph, &lines)?;
    layout.order();
    layout.place();
    Ok(draw(graph, &layout, &lines))
}

impl Layout {
    fn new(graph: &Graph, lines: &[Vec<String>]) -> Result<Layout> {
        let parents: Vec<Vec<usize>> = graph
            .nodes
            .iter()
            .map(|node| {
                let nodes = node.args.iter().filter_map(|a| if let Arg::Node(i, _) = a { Some(*i) } else { None });
                let mut list: Vec<usize> = nodes.collect();
                list.sort_unstable();
                list.dedup();
                list
            })
            .collect();
        let mut rank = vec![0; parents.len()];
        let mut first_reader = vec![usize::MAX; parents.len()];
        for (i, list) in parents.iter().enumerate() {
            rank[i] = list.iter().map(|&p| rank[p] + 1).max().unwrap_or(0);
            for &p in list {
                first_reader[p] = first_reader[p].min(rank[i]);
            }
        }
        for i in (0..rank.len()).filter(|&i| parents[i].is_empty() && first_reader[i] != usize::MAX) {
            rank[i] = first_reader[i] - 1;
        }
        let mut items: Vec<Item> = (0..parents.len())
            .map(|i| Item {
                node: Some(i),
                rank: rank[i],
                x: 0.0,
                width: lines[i].iter().map(|l| l.chars().count()).max().unwrap_or(0) as f64 * CHARACTER + 2.0 * PADDING,
                height: lines[i].len() as f64 * LINE + 2.0 * PADDING - 4.0,
                below: Vec::new(),
                above: Vec::new(),
            })
            .collect();
        // The line of bends of each node, as far as it has been laid.
        let mut line: Vec<Vec<usize>> = (0..parents.len()).map(|i| vec![i]).collect();
        for (i, list) in parents.iter().enumerate() {
            for &p in list {
                while line[p].len() < rank[i] - rank[p] {
                    if items.len() >= MOST_ITEMS {
                        let n = graph.nodes.len();
                        return Err(Error::value(format!("the {n} nodes of the tape have too many long connections")));
                    }
                    let last = *line[p].last().expect("it begins with the node");
                    let bend = items.len();
                    let rank = items[last].rank + 1;
                    items.push(Item {
                        node: None,
                        rank,
                        x: 0.0,
                        width: 2.0,
                        height: 0.0,
                        below: Vec::new(),
                        above: vec![last],
                    });
                    items[last].below.push(bend);
                    line[p].push(bend);
                }
                let from = line[p][rank[i] - rank[p] - 1];
                items[from].below.push(i);
                items[i].above.push(from);
            }
        }
        let mut ranks = vec![Vec::new(); items.iter().map(|i| i.rank + 1).max().unwrap_or(0)];
        for (i, item) in items.iter().enumerate() {
            ranks[item.rank].push(i);
        }
        Ok(Layout { items, ranks })
    }

    /// Position of each item within its rank.
    fn positions(&self) -> Vec<usize> {
        let mut positions = vec![0; self.items.len()];
        for rank in &self.ranks {
            for (k, &i) in rank.iter().enumerate() {
                positions[i] = k;
            }
        }
        positions
    }

    /// How many pairs of lines cross: inversions, counted with a tree of partial sums.
    fn crossings(&self) -> usize {
        let positions = self.positions();
        let mut crossings = 0;
        for pair in self.ranks.windows(2) {
            let mut counts = vec![0usize; pair[1].len() + 1];
            let mut seen = 0;
            for &i in &pair[0] {
                let mut ends: Vec<usize> = self.items[i].below.iter().map(|&b| positions[b] + 1).collect();
                ends.sort_unstable();
                for &end in &ends {
                    let (mut k, mut not_after) = (end, 0);
                    while k > 0 {
                        not_after += counts[k];
                        k &= k - 1;
                    }
                    crossings += seen - not_after;
                }
                for &end in &ends {
                    let mut k = end;
                    while k < counts.len() {
                        counts[k] += 1;
                        k += k & k.wrapping_neg();
                    }
                    seen += 1;
                }
            }
        }
        crossings
    }

    /// Orders ranks by barycenters.
    fn order(&mut self) {
        let mut best = (self.crossings(), self.ranks.clone());
        for sweep in 0..24 {
            let mut positions = self.positions();
            let down = sweep % 2 == 0;
            for r in 0..self.ranks.len() {
                let r = if down { r } else { self.ranks.len() - 1 - r };
                let key = |i: usize| {
                    let neighbours = if down { &self.items[i].above } else { &self.items[i].below };
                    if neighbours.is_empty() {
                        return positions[i] as f64;
                    }
                    neighbours.iter().map(|&k| positions[k]).sum::<usize>() as f64 / neighbours.len() as f64
                };
                let mut keyed: Vec<(f64, usize)> = self.ranks[r].iter().map(|&i| (key(i), i)).collect();
                keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
                self.ranks[r] = keyed.iter().map(|k| k.1).collect();
                for (k, &i) in self.ranks[r].iter().enumerate() {
                    positions[i] = k;
                }
            }
            let crossings = self.crossings();
            if crossings < best.0 {
                best = (crossings, self.ranks.clone());
            }
            if best.0 == 0 {
                break;
            }
        }
        self.ranks = best.1;
    }

    /// Gives items their places from left to right.
    fn place(&mut self) {
        for rank in &self.ranks {
            let mut x = 0.0;
            for &i in rank {
                self.items[i].x = x + 0.5 * self.items[i].width;
                x += self.items[i].width + GAP;
            }
        }
        for sweep in 0..60 {
            let count = self.ranks.len();
            for r in 0..count {
                let r = if sweep % 2 == 0 { r } else { count - 1 - r };
                let wanted: Vec<(f64, f64)> = self.ranks[r].iter().map(|&i| self.wanted(i, sweep)).collect();
                self.settle(r, &wanted);
            }
        }
        // At the end lines shall run straight, rather than every piece of them a bit aslant.
        for r in (0..self.ranks.len()).rev().chain(0..self.ranks.len()) {
            let wanted: Vec<(f64, f64)> = self.ranks[r].iter().map(|&i| self.straight(i)).collect();
            self.settle(r, &wanted);
        }
        let left = self.items.iter().map(|i| i.x - 0.5 * i.width).fold(f64::INFINITY, f64::min);
        self.items.iter_mut().for_each(|i| i.x += MARGIN - left);
    }

    /// Where an item would like to be, and how much.
    fn wanted(&self, i: usize, sweep: usize) -> (f64, f64) {
        let item = &self.items[i];
        let (near, far) = if sweep.is_multiple_of(2) { (&item.above, &item.below) } else { (&item.below, &item.above) };
        // One side at a time moves things quickly; towards the end both count, so that lines become straight.
        let both = sweep >= 30;
        let neighbours = near.iter().chain(far.iter().filter(|_| both || near.is_empty()));
        let (mut sum, mut weight) = (0.0, 0.0);
        for &k in neighbours {
            // Long lines are to be straight above all.
            let w = if item.node.is_none() && self.items[k].node.is_none() { 8.0 } else { 1.0 };
            sum += w * self.items[k].x;
            weight += w;
        }
        if weight == 0.0 { (item.x, 0.1) } else { (sum / weight, weight) }
    }

    /// Where an item stands in line with its neighbour above (an input: below), if there is one alone.
    fn straight(&self, i: usize) -> (f64, f64) {
        let item = &self.items[i];
        match (&item.above[..], &item.below[..]) {
            (&[one], _) if self.items[one].below.len() == 1 || item.node.is_none() => (self.items[one].x, 8.0),
            ([], &[one]) => (self.items[one].x, 1.0),
            _ => (item.x, 4.0),
        }
    }

    /// Moves a rank to the places next to the wanted ones that keep order and distances.
    fn settle(&mut self, r: usize, wanted: &[(f64, f64)]) {
        // Less the distances that must lie between, the places must not decrease: pools of equal ones.
        let (mut offsets, mut offset, mut last) = (Vec::new(), 0.0, None::<f64>);
        for &i in &self.ranks[r] {
            let half = 0.5 * self.items[i].width;
            let gap = if self.items[i].node.is_none() { 0.6 * GAP } else { GAP };
            offset += last.map_or(0.0, |l| l + gap + half);
            offsets.push(offset);
            last = Some(half);
        }
        let mut pools: Vec<(f64, f64, usize)> = Vec::new();
        for (&(x, weight), offset) in wanted.iter().zip(&offsets) {
            pools.push((x - offset, weight, 1));
            while let [.., a, b] = pools[..]
                && a.0 > b.0
            {
                pools.truncate(pools.len() - 2);
                pools.push(((a.0 * a.1 + b.0 * b.1) / (a.1 + b.1), a.1 + b.1, a.2 + b.2));
            }
        }
        let places = pools.iter().flat_map(|&(x, _, n)| std::iter::repeat_n(x, n));
        for ((&i, x), offset) in self.ranks[r].iter().zip(places).zip(offsets) {
            self.items[i].x = x + offset;
        }
    }
}

fn draw(graph: &Graph, layout: &Layout, lines: &[Vec<String>]) -> String {
    let mut top = Vec::new();
    let mut y = MARGIN;
    let height = |r: &Vec<usize>| r.iter().map(|&i| layout.items[i].height).fold(0.0, f64::max);
    for rank in &layout.ranks {
        top.push((y, height(rank)));
        y += height(rank) + RANK_GAP;
    }
    let legend = legend(graph);
    let legend_width: f64 = legend.iter().map(|(_, _, text)| text.len() as f64 * CHARACTER + 44.0).sum();
    let right = layout.items.iter().map(|i| i.x + 0.5 * i.width).fold(0.0, f64::max);
    let width = right.max(legend_width + MARGIN) + MARGIN;
    let bottom = y - RANK_GAP.min(y - MARGIN) + 14.0;
    let height = bottom + 20.0 + MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" \
         font-size=\"{FONT}\">\n<title>{} nodes</title>\n<defs><marker id=\"end\" viewBox=\"0 0 8 8\" refX=\"7.5\" \
         refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\">\
         <path d=\"M0,0.5 L8,4 L0,7.5 Z\" fill=\"#64748b\"/></marker></defs>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n",
        graph.nodes.len()
    );
    // Boxes stand in the middle of their rank.
    let middle = |i: usize| {
        let (y, h) = top[layout.items[i].rank];
        y + 0.5 * h
    };
    svg += "<g fill=\"none\" stroke=\"#64748b\" stroke-width=\"1.1\">\n";
    for (i, item) in layout.items.iter().enumerate() {
        // Lines leave a box side by side where it has several, in the order of their ends, and so they arrive.
        for &b in &item.below {
            let end = &layout.items[b];
            let from = (port(layout, i, b, true), middle(i) + 0.5 * item.height);
            let to = (port(layout, b, i, false), middle(b) - 0.5 * end.height);
            // Within a rank a line runs straight down past the boxes beside it.
            let (rank_top, rank_height) = top[item.rank];
            let leave = rank_top + rank_height;
            let (enter, _) = top[end.rank];
            let bend = 0.5 * (enter - leave).max(1.0);
            let _ = write!(svg, "<path d=\"M{:.1},{:.1}", from.0, from.1);
            if leave > from.1 + 0.5 {
                let _ = write!(svg, " V{leave:.1}");
            }
            let _ = write!(
                svg,
                " C{:.1},{:.1} {:.1},{:.1} {:.1},{enter:.1}",
                from.0,
                leave + bend,
                to.0,
                enter - bend,
                to.0
            );
            if to.1 > enter + 0.5 {
                let _ = write!(svg, " V{:.1}", to.1);
            }
            svg += if end.node.is_some() { "\" marker-end=\"url(#end)\"/>\n" } else { "\"/>\n" };
        }
    }
    svg += "</g>\n";
    let used = graph.used();
    for (i, item) in layout.items.iter().enumerate() {
        let Some(node) = item.node else { continue };
        let look = graph.look(node, used[node]);
        let (x, y) = (item.x - 0.5 * item.width, middle(i) - 0.5 * item.height);
        let _ = writeln!(
            svg,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"6\" fill=\"{}\" stroke=\"{}\" \
             stroke-width=\"{}\"/>",
            item.width,
            item.height,
            look.fill,
            look.line,
            if look.strong { 2.5 } else { 1.2 }
        );
        let _ = write!(svg, "<text text-anchor=\"middle\" fill=\"#0f172a\">");
        for (k, line) in lines[node].iter().enumerate() {
            let last = graph.nodes[node].wrong.is_some() && k + 1 == lines[node].len();
            let style = match k {
                0 => " font-weight=\"bold\"",
                _ if last => " font-weight=\"bold\" fill=\"#991b1b\"",
                _ => " fill=\"#475569\"",
            };
            let y = y + PADDING + 9.0 + k as f64 * LINE;
            let _ = write!(svg, "<tspan x=\"{:.1}\" y=\"{y:.1}\"{style}>{}</tspan>", item.x, escaped(line));
        }
        svg += "</text>\n";
    }
    let mut x = MARGIN;
    for (fill, line, text) in legend {
        let _ = writeln!(
            svg,
            "<rect x=\"{x:.1}\" y=\"{bottom:.1}\" width=\"16\" height=\"12\" rx=\"3\" fill=\"{fill}\" \
             stroke=\"{line}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" fill=\"#475569\">{text}</text>",
            x + 22.0,
            bottom + 10.0
        );
        x += text.len() as f64 * CHARACTER + 44.0;
    }
    svg + "</svg>\n"
}

/// The colours that occur, with what they mean.
fn legend(graph: &Graph) -> Vec<(&'static str, &'static str, &'static str)> {
    let used = graph.used();
    let mut found: Vec<(&'static str, &'static str, &'static str)> = Vec::new();
    for (i, node) in graph.nodes.iter().enumerate() {
        let look = graph.look(i, used[i]);
        let text = match node {
            _ if look.strong => "the first NaN or infinity",
            n if n.wrong.is_some() => "NaN or infinity, too",
            n if n.name.is_none() => "input",
            n if n.within.is_some() => "part of a derivative",
            _ if !used[i] => "result",
            _ => "operation",
        };
        if !found.iter().any(|f| f.2 == text) {
            found.push((look.fill, look.line, text));
        }
    }
    found
}

/// Where on the side of an item the line to or from another one ends.
fn port(layout: &Layout, i: usize, other: usize, below: bool) -> f64 {
    let item = &layout.items[i];
    if item.node.is_none() {
        return item.x;
    }
    let mut ends = if below { item.below.clone() } else { item.above.clone() };
    ends.sort_by(|&a, &b| layout.items[a].x.total_cmp(&layout.items[b].x).then(a.cmp(&b)));
    let k = ends.iter().position(|&e| e == other).unwrap_or(0);
    let step = (0.6 * item.width / ends.len() as f64).min(18.0);
    item.x + (k as f64 - 0.5 * (ends.len() as f64 - 1.0)) * step
}

fn escaped(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '<' => "&lt;".into(),
            '>' => "&gt;".into(),
            '&' => "&amp;".into(),
            c if c.is_control() => " ".into(),
            c => c.to_string(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operators::diagnosis::graph::{Node, Output};

    /// A graph whose node `i` reads up to three earlier ones.
    fn random_graph(n: usize, mut state: u64) -> Graph {
        let mut roll = |n: usize| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as usize % n
        };
        let nodes = (0..n)
            .map(|i| {
                let count = if i < 3 { 0 } else { 1 + roll(3) };
                let args: Vec<Arg> = (0..count).map(|_| roll(i)).map(|p| Arg::Node(p, p as u32)).collect();
                let results = vec![Output { kind: "f64[]".into(), ..Output::default() }];
                let name = (count > 0).then(|| "op".to_string());
                Node { id: i as u32, name, args, results, ..Node::default() }
            })
            .collect();
        Graph { nodes, bad: None }
    }

    fn laid_out(graph: &Graph) -> Layout {
        let lines: Vec<Vec<String>> = graph.nodes.iter().map(|n| n.lines(Shown::default())).collect();
        let mut layout = Layout::new(graph, &lines).unwrap();
        let before = layout.crossings();
        layout.order();
        assert!(layout.crossings() <= before);
        layout.place();
        layout
    }

    #[test]
    fn boxes_do_not_overlap_and_lines_run_down() {
        for n in [1, 2, 5, 40, 300] {
            let graph = random_graph(n, n as u64);
            let layout = laid_out(&graph);
            for rank in &layout.ranks {
                for pair in rank.windows(2) {
                    let (a, b) = (&layout.items[pair[0]], &layout.items[pair[1]]);
                    assert!(b.x - a.x >= 0.5 * (a.width + b.width) + 0.5 * GAP, "{n} nodes");
                }
            }
            for item in &layout.items {
                assert!(item.x - 0.5 * item.width >= MARGIN - 1e-6);
                assert!(item.below.iter().all(|&b| layout.items[b].rank == item.rank + 1));
            }
            // Every argument can be reached from its node along bends.
            for (i, node) in graph.nodes.iter().enumerate() {
                for arg in &node.args {
                    let Arg::Node(p, _) = arg else { continue };
                    let mut ends: Vec<usize> = layout.items[i].above.clone();
                    while let Some(at) = ends.iter().position(|&e| layout.items[e].node.is_none()) {
                        let bend = ends.swap_remove(at);
                        ends.extend(&layout.items[bend].above);
                    }
                    assert!(ends.contains(p));
                }
            }
        }
    }

    #[test]
    fn crossings_are_counted() {
        for seed in 0..20 {
            let graph = random_graph(30, seed);
            let lines: Vec<Vec<String>> = graph.nodes.iter().map(|n| n.lines(Shown::default())).collect();
            let layout = Layout::new(&graph, &lines).unwrap();
            let positions = layout.positions();
            let mut slowly = 0;
            for rank in &layout.ranks {
                let edges: Vec<(usize, usize)> = rank
                    .iter()
                    .flat_map(|&i| layout.items[i].below.iter().map(move |&b| (i, b)))
                    .map(|(i, b)| (positions[i], positions[b]))
                    .collect();
                for (k, a) in edges.iter().enumerate() {
                    slowly +=
                        edges[..k].iter().filter(|b| (a.0 < b.0 && a.1 > b.1) || (a.0 > b.0 && a.1 < b.1)).count();
                }
            }
            assert_eq!(layout.crossings(), slowly);
        }
    }

    #[test]
    fn what_cannot_be_drawn_is_an_error() {
        // A chain of which every node is read again by the last one: as many bends as the square of the nodes.
        let n = 1000;
        let mut graph = random_graph(n, 1);
        for (i, node) in graph.nodes.iter_mut().enumerate() {
            let first = if i + 1 == n { 0 } else { i.saturating_sub(1) };
            node.args = (first..i).map(|p| Arg::Node(p, p as u32)).collect();
        }
        let e = to_svg(&graph, Shown::default()).unwrap_err();
        assert_eq!(e.message, "the 1000 nodes of the tape have too many long connections");
    }

    #[test]
    fn an_empty_tape_is_an_empty_picture() {
        let svg = to_svg(&Graph { nodes: Vec::new(), bad: None }, Shown::default()).unwrap();
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n") && !svg.contains("NaN"), "{svg}");
    }
}
