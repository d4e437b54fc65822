//! From the lines of a pass to the code of the machine: order, chains, registers.
//!
//! ```text
//! count      which lines come to anything
//! direct     rows of matrices that chains read or add to where they lie
//! order      inputs before a run of arithmetic, sums behind what they add up or behind the run, so that it is not cut
//! chain      neighbouring arithmetic becomes one instruction, whose intermediate results have no register
//! place      other results get registers, free again after the last use
//! ```

use super::program::{Line, Pass, Value};
use crate::kernels::chain::{Step, strip};
use crate::kernels::machine::{Code, Instruction, MAX_STEPS, MAX_TABLES, Place};
use crate::kernels::math::{Level, level};
use std::ops::Range;

/// Lines of a chain, each of which needs three steps at most: load, operation, store.
const MAX_CHAIN: usize = MAX_STEPS / 3;
/// Inputs that are brought before a run of arithmetic begins: each may take a register.
const MAX_EARLY: usize = 6;

/// The registers of a program: free ones, and how many there are.
pub(super) struct Registers<'a> {
    pub(super) free: &'a mut Vec<u16>,
    pub(super) count: u16,
}

impl Registers<'_> {
    fn take(&mut self) -> Place {
        Place::Register(self.free.pop().unwrap_or_else(|| {
            self.count += 1;
            self.count - 1
        }))
    }
}

impl Pass {
    /// Counts the uses of results by lines from which something comes.
    pub(super) fn count_uses(&mut self) {
        // From the last one back: a line that is reached without a use has none.
        for i in (0..self.lines.len()).rev() {
            if self.lines[i].is_wanted() {
                for k in 0..3 {
                    if let Value::Result(j, second) = self.lines[i].src[k] {
                        self.lines[j as usize].uses[usize::from(second)] += 1;
                    }
                }
            }
        }
    }

    /// Which rows chains can read and write where they lie.
    pub(super) fn find_direct(&mut self) {
        if self.rows.is_empty() {
            return;
        }
        for i in 0..self.lines.len() {
            let line = &self.lines[i];
            let (Code::Rows(k) | Code::Scatter(k)) = line.code else { continue };
            let divides = strip(line.dtype).is_some_and(|strip| self.rows[k as usize].row.is_multiple_of(strip));
            self.lines[i].direct = divides && line.array == [None; 2];
        }
        // Only a step of the same dtype reads strips.
        for i in 0..self.lines.len() {
            for value in self.lines[i].src {
                if let Value::Result(j, _) = value
                    && self.lines[j as usize].direct
                    && (self.lines[i].step().is_none() || self.lines[i].dtype != self.lines[j as usize].dtype)
                {
                    self.lines[j as usize].direct = false;
                }
            }
        }
    }

    /// Whether the line is rows that are read where they lie.
    pub(super) fn is_brought(&self, i: u32) -> bool {
        self.lines[i as usize].direct && self.lines[i as usize].is_source()
    }

    /// Whether the line has an operand or result that only a chain can have.
    pub(super) fn needs_chain(&self, i: u32) -> bool {
        self.tables(i) > 0
    }

    /// Operands and results of the line in rows.
    fn tables(&self, i: u32) -> usize {
        let line = &self.lines[i as usize];
        let brought = line.src.iter().filter(|v| matches!(v, Value::Result(j, _) if self.is_brought(*j))).count();
        brought + usize::from(line.direct)
    }

    /// The wanted lines in the order in which they run.
    pub(super) fn order(&self, sequence: &mut Vec<u32>) {
        sequence.clear();
        let wanted = (0..self.lines.len()).filter(|&i| self.lines[i].is_wanted()).map(|i| i as u32);
        sequence.extend(wanted);
        // Each stretch of inputs, arithmetic and sums is sorted by these; sorting is stable.
        let rank = |line: &Line| if line.is_source() { 0 } else { 1 + u8::from(line.is_epilogue()) };
        let mut first = 0;
        while first < sequence.len() {
            let (mut sources, mut end) = (0, first);
            while let Some(&i) = sequence.get(end) {
                let line = &self.lines[i as usize];
                sources += usize::from(line.is_source());
                if sources > MAX_EARLY || rank(line) == 1 && line.step().is_none() {
                    break;
                }
                end += 1;
            }
            let stretch = &mut sequence[first..end];
            stretch.sort_by_key(|&i| rank(&self.lines[i as usize]));
            for at in 0..stretch.len() {
                let line = &self.lines[stretch[at] as usize];
                if line.is_epilogue()
                    && line.step().is_some()
                    && let Value::Result(j, false) = line.src[0]
                    && let Some(made) = stretch[..at].iter().position(|&i| i == j)
                    && self.lines[j as usize].step().is_some()
                {
                    stretch[made + 1..=at].rotate_right(1);
                }
            }
            first = end.max(first + 1);
        }
    }

    pub(super) fn find_last_uses(&mut self, sequence: &[u32]) {
        for (at, &i) in sequence.iter().enumerate() {
            for k in 0..3 {
                if let Value::Result(j, second) = self.lines[i as usize].src[k] {
                    self.lines[j as usize].last_use[usize::from(second)] = at;
                }
            }
        }
    }

    /// How many lines from the first one on are one chain. It has one sum at most.
    pub(super) fn chain_at(&self, sequence: &[u32]) -> usize {
        if level() == Level::Baseline {
            return 0;
        }
        let dtype = self.lines[sequence[0] as usize].dtype;
        let (mut sums, mut tables) = (0, 0);
        let of_chain = |&&i: &&u32| {
            let line = &self.lines[i as usize];
            sums += usize::from(matches!(line.code, Code::Sum(_)));
            tables += self.tables(i);
            line.dtype == dtype && sums < 2 && tables <= MAX_TABLES && line.step().is_some()
        };
        sequence.iter().take(MAX_CHAIN).take_while(of_chain).count()
    }

    /// The lines `run` of the sequence as one instruction.
    pub(super) fn chain(
        &mut self,
        sequence: &[u32],
        run: Range<usize>,
        steps: &mut Vec<(Step, Place)>,
        registers: &mut Registers<'_>,
    ) -> Instruction {
        let first = steps.len();
        let dtype = self.lines[sequence[run.start] as usize].dtype;
        // The value that `acc` is.
        let mut acc = Value::None;
        let mut sum = None;
        for at in run.clone() {
            let i = sequence[at];
            let line = &self.lines[i as usize];
            if line.is_epilogue() {
                if line.src[0] != acc {
                    acc = line.src[0];
                    steps.push((Step::Load, self.place(acc)));
                }
                steps.push(match line.code {
                    Code::Sum(row) => {
                        let place = registers.take();
                        sum = Some((row, place));
                        (Step::Sum, place)
                    }
                    Code::Scatter(k) => (Step::AddTo, Place::Rows(k)),
                    _ => unreachable!("there are no other epilogues"),
                });
                self.release(i, at, registers);
                continue;
            }
            let (step, reversed) = line.step().expect("only arithmetic is in a chain");
            let [a, b, _] = line.src;
            let is_acc = |v: Value| v == acc && matches!(v, Value::Result(..));
            // `acc` twice is an operand in memory, too, for it has two uses.
            let (step, operand) = if is_acc(a) {
                (step, b)
            } else if is_acc(b) || matches!(a, Value::Number(_)) && b != Value::None {
                if !is_acc(b) {
                    steps.push((Step::Load, self.place(b)));
                }
                (reversed, a)
            } else {
                steps.push((Step::Load, self.place(a)));
                (step, b)
            };
            steps.push((step, self.place(operand)));
            // The lines that find it in `acc`: sums, and one more.
            let mut found = 0;
            for &next in &sequence[at + 1..run.end] {
                let next = &self.lines[next as usize];
                found += u32::from(next.uses_result(i));
                if !next.is_epilogue() || next.src[0] != Value::Result(i, false) {
                    break;
                }
            }
            let stays = line.uses[0] == found;
            if line.array[0].is_some() || !stays {
                let place = self.place_result(i, 0, registers);
                steps.push((Step::Store, place));
            }
            self.release(i, at, registers);
            acc = Value::Result(i, false);
        }
        // Only now free: a block that isn't whole is there until all steps are done.
        if let Some((_, Place::Register(r))) = sum {
            registers.free.push(r);
        }
        let sum = sum.map(|(row, _)| row);
        let code = Code::Chain { first: first as u32, count: (steps.len() - first) as u16, sum };
        Instruction { code, dtype, out: dtype, dst: Place::None, dst2: Place::None, src: [Place::None; 3] }
    }

    /// A line as an instruction of its own.
    pub(super) fn instruction(&mut self, i: u32, at: usize, registers: &mut Registers<'_>) -> Instruction {
        let results = match self.lines[i as usize].code {
            Code::Sum(_) | Code::Scatter(_) => 0,
            Code::Both(_) | Code::BothTurned(_) => 2,
            _ => 1,
        };
        for part in 0..results {
            self.place_result(i, part, registers);
        }
        let line = &self.lines[i as usize];
        let src = line.src.map(|v| self.place(v));
        let [dst, dst2] = line.place;
        let instruction = Instruction { code: line.code, dtype: line.dtype, out: line.out, dst, dst2, src };
        self.release(i, at, registers);
        instruction
    }

    /// Where a value is.
    fn place(&self, v: Value) -> Place {
        match v {
            Value::None => Place::None,
            Value::Number(x) => Place::Number(x),
            Value::Input(a) => Place::Array(a),
            Value::Result(j, second) => match self.lines[j as usize].code {
                Code::Rows(k) if self.lines[j as usize].direct => Place::Rows(k),
                _ => self.lines[j as usize].place[usize::from(second)],
            },
        }
    }

    /// Gives a result its place.
    fn place_result(&mut self, i: u32, part: usize, registers: &mut Registers<'_>) -> Place {
        let line = &mut self.lines[i as usize];
        line.place[part] = line.array[part].map_or_else(|| registers.take(), Place::Array);
        line.place[part]
    }

    /// Frees the registers of operands that were used for the last time, and of results that nobody uses.
    fn release(&mut self, i: u32, at: usize, registers: &mut Registers<'_>) {
        let line = &self.lines[i as usize];
        for k in 0..3 {
            if let Value::Result(j, second) = line.src[k]
                && !line.src[..k].contains(&line.src[k])
                && self.lines[j as usize].last_use[usize::from(second)] == at
                && let Place::Register(r) = self.lines[j as usize].place[usize::from(second)]
            {
                registers.free.push(r);
            }
        }
        for part in 0..2 {
            if line.uses[part] == 0
                && let Place::Register(r) = line.place[part]
            {
                registers.free.push(r);
            }
        }
    }
}
