//! From the instructions of a pass to the code of the machine: order, chains, registers.
//!
//! ```text
//! count      which instructions come to anything
//! direct     rows of matrices that chains read or add to where they lie
//! order      inputs before a run of arithmetic, sums behind what they add up or behind the run, so that it is not cut
//! chain      neighbouring arithmetic becomes one instruction, whose intermediate results have no register
//! locate     other results get registers, free again after the last use
//! ```

use super::program::{Pass, SsaInstruction, Value};
use crate::kernels::chain::{ChainOp, strip};
use crate::kernels::machine::{Code, Instruction, Location, MAX_STEPS, MAX_TABLES};
use crate::kernels::math::{Level, level};
use std::ops::Range;

/// Instructions of a chain, each of which needs three steps at most: load, operation, store.
const MAX_CHAIN: usize = MAX_STEPS / 3;
/// Inputs that are brought before a run of arithmetic begins: each may take a register.
const MAX_EARLY: usize = 6;

/// The registers of a program: free ones, and how many there are.
pub(super) struct Registers<'a> {
    pub(super) free: &'a mut Vec<u16>,
    pub(super) count: u16,
}

impl Registers<'_> {
    fn take(&mut self) -> Location {
        Location::Register(self.free.pop().unwrap_or_else(|| {
            self.count += 1;
            self.count - 1
        }))
    }
}

impl Pass {
    /// Counts the uses of results by instructions from which something comes.
    pub(super) fn count_uses(&mut self) {
        // From the last one back: an instruction that is reached without a use has none.
        for i in (0..self.ssa.len()).rev() {
            if self.ssa[i].is_wanted() {
                for k in 0..3 {
                    if let Value::Result(j, second) = self.ssa[i].src[k] {
                        self.ssa[j as usize].uses[usize::from(second)] += 1;
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
        for i in 0..self.ssa.len() {
            let instruction = &self.ssa[i];
            let (Code::Rows(k) | Code::Scatter(k)) = instruction.code else { continue };
            let divides = strip(instruction.dtype).is_some_and(|strip| self.rows[k as usize].row.is_multiple_of(strip));
            self.ssa[i].direct = divides && instruction.array == [None; 2];
        }
        // Only a step of the same dtype reads strips.
        for i in 0..self.ssa.len() {
            for value in self.ssa[i].src {
                if let Value::Result(j, _) = value
                    && self.ssa[j as usize].direct
                    && (self.ssa[i].step().is_none() || self.ssa[i].dtype != self.ssa[j as usize].dtype)
                {
                    self.ssa[j as usize].direct = false;
                }
            }
        }
    }

    /// Whether the instruction is rows that are read where they lie.
    pub(super) fn is_brought(&self, i: u32) -> bool {
        self.ssa[i as usize].direct && self.ssa[i as usize].is_source()
    }

    /// Whether the instruction has an operand or result that only a chain can have.
    pub(super) fn needs_chain(&self, i: u32) -> bool {
        self.tables(i) > 0
    }

    /// Operands and results of the instruction in rows.
    fn tables(&self, i: u32) -> usize {
        let instruction = &self.ssa[i as usize];
        let brought =
            instruction.src.iter().filter(|v| matches!(v, Value::Result(j, _) if self.is_brought(*j))).count();
        brought + usize::from(instruction.direct)
    }

    /// The wanted instructions in the order in which they run.
    pub(super) fn order(&self, sequence: &mut Vec<u32>) {
        sequence.clear();
        let wanted = (0..self.ssa.len()).filter(|&i| self.ssa[i].is_wanted()).map(|i| i as u32);
        sequence.extend(wanted);
        // Each stretch of inputs, arithmetic and sums is sorted by these; sorting is stable.
        let rank = |instruction: &SsaInstruction| {
            if instruction.is_source() { 0 } else { 1 + u8::from(instruction.is_epilogue()) }
        };
        let mut first = 0;
        while first < sequence.len() {
            let (mut sources, mut end) = (0, first);
            while let Some(&i) = sequence.get(end) {
                let instruction = &self.ssa[i as usize];
                sources += usize::from(instruction.is_source());
                if sources > MAX_EARLY || rank(instruction) == 1 && instruction.step().is_none() {
                    break;
                }
                end += 1;
            }
            let stretch = &mut sequence[first..end];
            stretch.sort_by_key(|&i| rank(&self.ssa[i as usize]));
            for at in 0..stretch.len() {
                let instruction = &self.ssa[stretch[at] as usize];
                if instruction.is_epilogue()
                    && instruction.step().is_some()
                    && let Value::Result(j, false) = instruction.src[0]
                    && let Some(made) = stretch[..at].iter().position(|&i| i == j)
                    && self.ssa[j as usize].step().is_some()
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
                if let Value::Result(j, second) = self.ssa[i as usize].src[k] {
                    self.ssa[j as usize].last_use[usize::from(second)] = at;
                }
            }
        }
    }

    /// How many instructions from the first one on are one chain. It has one sum at most.
    pub(super) fn chain_at(&self, sequence: &[u32]) -> usize {
        if level() == Level::Baseline {
            return 0;
        }
        let dtype = self.ssa[sequence[0] as usize].dtype;
        let (mut sums, mut tables) = (0, 0);
        let of_chain = |&&i: &&u32| {
            let instruction = &self.ssa[i as usize];
            sums += usize::from(matches!(instruction.code, Code::Sum(_)));
            tables += self.tables(i);
            instruction.dtype == dtype && sums < 2 && tables <= MAX_TABLES && instruction.step().is_some()
        };
        sequence.iter().take(MAX_CHAIN).take_while(of_chain).count()
    }

    /// The instructions `run` of the sequence as one of the machine.
    pub(super) fn chain(
        &mut self,
        sequence: &[u32],
        run: Range<usize>,
        steps: &mut Vec<(ChainOp, Location)>,
        registers: &mut Registers<'_>,
    ) -> Instruction {
        let first = steps.len();
        let dtype = self.ssa[sequence[run.start] as usize].dtype;
        // The value that `acc` is.
        let mut acc = Value::None;
        let mut sum = None;
        for at in run.clone() {
            let i = sequence[at];
            let instruction = &self.ssa[i as usize];
            if instruction.is_epilogue() {
                if instruction.src[0] != acc {
                    acc = instruction.src[0];
                    steps.push((ChainOp::Load, self.location(acc)));
                }
                steps.push(match instruction.code {
                    Code::Sum(row) => {
                        let location = registers.take();
                        sum = Some((row, location));
                        (ChainOp::Sum, location)
                    }
                    Code::Scatter(k) => (ChainOp::AddTo, Location::Rows(k)),
                    _ => unreachable!("there are no other epilogues"),
                });
                self.release(i, at, registers);
                continue;
            }
            let (step, reversed) = instruction.step().expect("only arithmetic is in a chain");
            let [a, b, _] = instruction.src;
            let is_acc = |v: Value| v == acc && matches!(v, Value::Result(..));
            // `acc` twice is an operand in memory, too, for it has two uses.
            let (step, operand) = if is_acc(a) {
                (step, b)
            } else if is_acc(b) || matches!(a, Value::Number(_)) && b != Value::None {
                if !is_acc(b) {
                    steps.push((ChainOp::Load, self.location(b)));
                }
                (reversed, a)
            } else {
                steps.push((ChainOp::Load, self.location(a)));
                (step, b)
            };
            steps.push((step, self.location(operand)));
            // The instructions that find it in `acc`: sums, and one more.
            let mut found = 0;
            for &next in &sequence[at + 1..run.end] {
                let next = &self.ssa[next as usize];
                found += u32::from(next.uses_result(i));
                if !next.is_epilogue() || next.src[0] != Value::Result(i, false) {
                    break;
                }
            }
            let stays = instruction.uses[0] == found;
            if instruction.array[0].is_some() || !stays {
                let location = self.locate_result(i, 0, registers);
                steps.push((ChainOp::Store, location));
            }
            self.release(i, at, registers);
            acc = Value::Result(i, false);
        }
        // Only now free: a block that isn't whole is there until all steps are done.
        if let Some((_, Location::Register(r))) = sum {
            registers.free.push(r);
        }
        let sum = sum.map(|(row, _)| row);
        let code = Code::Chain { first: first as u32, count: (steps.len() - first) as u16, sum };
        Instruction { code, dtype, out: dtype, dst: Location::None, dst2: Location::None, src: [Location::None; 3] }
    }

    /// An instruction of a pass as one of the machine.
    pub(super) fn instruction(&mut self, i: u32, at: usize, registers: &mut Registers<'_>) -> Instruction {
        let results = match self.ssa[i as usize].code {
            Code::Sum(_) | Code::Scatter(_) => 0,
            Code::Both(_) | Code::BothSwapped(_) => 2,
            _ => 1,
        };
        for part in 0..results {
            self.locate_result(i, part, registers);
        }
        let instruction = &self.ssa[i as usize];
        let src = instruction.src.map(|v| self.location(v));
        let [dst, dst2] = instruction.location;
        let made =
            Instruction { code: instruction.code, dtype: instruction.dtype, out: instruction.out, dst, dst2, src };
        self.release(i, at, registers);
        made
    }

    /// Where a value is.
    fn location(&self, v: Value) -> Location {
        match v {
            Value::None => Location::None,
            Value::Number(x) => Location::Number(x),
            Value::Input(a) => Location::Array(a),
            Value::Result(j, second) => match self.ssa[j as usize].code {
                Code::Rows(k) if self.ssa[j as usize].direct => Location::Rows(k),
                _ => self.ssa[j as usize].location[usize::from(second)],
            },
        }
    }

    /// Gives a result its location.
    fn locate_result(&mut self, i: u32, part: usize, registers: &mut Registers<'_>) -> Location {
        let instruction = &mut self.ssa[i as usize];
        instruction.location[part] = instruction.array[part].map_or_else(|| registers.take(), Location::Array);
        instruction.location[part]
    }

    /// Frees the registers of operands that were used for the last time, and of results without a use.
    fn release(&mut self, i: u32, at: usize, registers: &mut Registers<'_>) {
        let instruction = &self.ssa[i as usize];
        for k in 0..3 {
            if let Value::Result(j, second) = instruction.src[k]
                && !instruction.src[..k].contains(&instruction.src[k])
                && self.ssa[j as usize].last_use[usize::from(second)] == at
                && let Location::Register(r) = self.ssa[j as usize].location[usize::from(second)]
            {
                registers.free.push(r);
            }
        }
        for part in 0..2 {
            if instruction.uses[part] == 0
                && let Location::Register(r) = instruction.location[part]
            {
                registers.free.push(r);
            }
        }
    }
}
