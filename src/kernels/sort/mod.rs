//! Sorting and selecting: elements alone, or keys with the places they came from.
//!
//! Where the processor has AVX-512 this is done in registers (`network.rs` has the essay), elsewhere by the standard
//! library. The networks know neither NaN nor the sign of zero: who has such elements sorts keys.

#[cfg(target_arch = "x86_64")]
mod lanes;
#[cfg(target_arch = "x86_64")]
mod network;

use super::math::dispatch::dispatch;
#[cfg(target_arch = "x86_64")]
use super::math::{Level, level};
use super::memory::with_room;
use crate::error::Result;
use std::cmp::Ordering;

/// Elements that are put in order by themselves.
pub trait Sorted: Copy {
    /// All in order, or only so that the elements of the `wanted` numbers (ascending, within the list) stand where
    /// sorting puts them. There is neither NaN nor -0 in the list.
    fn arrange(list: &mut [Self], wanted: Option<&[usize]>);
    /// Neither NaN nor -0.
    fn is_plain(self) -> bool {
        true
    }
}

/// Whether a list can be put in order by [`Sorted::arrange`].
pub fn are_plain<T: Sorted>(list: &[T]) -> bool {
    list.chunks(4096).all(|part| strange_ones(part) == 0)
}

dispatch!(fn strange_ones[T: Sorted](list: &[T]) -> u64 = strange_ones_body);

#[inline(always)]
fn strange_ones_body<T: Sorted, const FMA: bool>(list: &[T]) -> u64 {
    list.iter().map(|x| u64::from(!x.is_plain())).sum()
}

macro_rules! sorted {
    ($t:ty, $register:ident, $order:expr, |$x:ident| $plain:expr) => {
        impl Sorted for $t {
            fn arrange(list: &mut [$t], wanted: Option<&[usize]>) {
                #[cfg(target_arch = "x86_64")]
                if level() == Level::Avx512 {
                    assert!(wanted.and_then(|w| w.last()).is_none_or(|&last| last < list.len()));
                    // SAFETY: the processor has AVX-512; the list is borrowed, and what is wanted lies in it.
                    unsafe {
                        network::arrange::<lanes::Alone<std::arch::x86_64::$register>>(
                            list.as_mut_ptr(),
                            list.len(),
                            wanted,
                        );
                    }
                    return;
                }
                match wanted {
                    None => list.sort_unstable_by($order),
                    Some(wanted) => select(list, 0, wanted, &$order),
                }
            }
            #[inline(always)]
            fn is_plain(self) -> bool {
                let $x = self;
                $plain
            }
        }
    };
}
sorted!(f64, __m512d, f64::total_cmp, |x| !x.is_nan() & (x.to_bits() != (-0f64).to_bits()));
sorted!(f32, __m512, f32::total_cmp, |x| !x.is_nan() & (x.to_bits() != (-0f32).to_bits()));
sorted!(i64, __m512i, i64::cmp, |_x| true);

impl Sorted for bool {
    fn arrange(list: &mut [bool], _: Option<&[usize]>) {
        let n = list.iter().filter(|&&x| !x).count();
        list[..n].fill(false);
        list[n..].fill(true);
    }
}

/// Memory that many lines use one after the other.
#[derive(Default)]
pub struct Scratch {
    keys: Vec<i64>,
    pairs: Vec<u128>,
    equal: Vec<i64>,
}

/// Longer lines ask for their memory before.
const LONG: usize = 1 << 16;

impl Scratch {
    /// For lines of `n` elements.
    pub fn new(n: usize) -> Result<Scratch> {
        if n < LONG {
            return Ok(Scratch::default());
        }
        Ok(Scratch { keys: with_room(n)?, pairs: with_room(n)?, equal: with_room(n)? })
    }
}

/// The places of keys in the order of the keys; of equal keys the first one is first. With `wanted` places only these
/// are where they belong.
pub fn places(at: &mut [i64], keys: impl Iterator<Item = i64>, wanted: Option<&[usize]>, scratch: &mut Scratch) {
    let Scratch { keys: list, pairs, equal } = scratch;
    list.clear();
    list.extend(keys);
    let at = &mut at[..list.len()];
    // The networks fill their last register with the greatest key, which therefore has no place.
    #[cfg(target_arch = "x86_64")]
    if level() == Level::Avx512 && !list.iter().fold(false, |found, &key| found | (key == i64::MAX)) {
        at.iter_mut().enumerate().for_each(|(i, at)| *at = i as i64);
        assert!(wanted.and_then(|w| w.last()).is_none_or(|&last| last < list.len()));
        let memory = (list.as_mut_ptr(), at.as_mut_ptr());
        // SAFETY: the processor has AVX-512; both lists are borrowed and equally long, what is wanted lies in them.
        unsafe { network::arrange::<lanes::Placed<std::arch::x86_64::__m512i>>(memory, list.len(), wanted) };
        match wanted {
            None => settle_all(list, at),
            Some(wanted) => settle(list, at, wanted, equal),
        }
        return;
    }
    // A key and its place in one number compare at once.
    pairs.clear();
    pairs.extend(list.iter().enumerate().map(|(i, &key)| u128::from((key ^ i64::MIN) as u64) << 64 | i as u128));
    match wanted {
        None => pairs.sort_unstable(),
        Some(wanted) => select(pairs, 0, wanted, &Ord::cmp),
    }
    at.iter_mut().zip(pairs).for_each(|(at, pair)| *at = *pair as i64);
}

/// Halves the list of numbers wanted, so that many of them cost little more than one.
pub fn select<K>(list: &mut [K], start: usize, wanted: &[usize], order: &impl Fn(&K, &K) -> Ordering) {
    if wanted.is_empty() || list.is_empty() {
        return;
    }
    let middle = wanted.len() / 2;
    let k = wanted[middle];
    let (left, _, right) = list.select_nth_unstable_by(k - start, order);
    select(left, start, &wanted[..middle], order);
    select(right, k + 1, &wanted[middle + 1..], order);
}

/// Places of equal keys, which stand side by side, ascending.
#[cfg(target_arch = "x86_64")]
fn settle_all(keys: &[i64], at: &mut [i64]) {
    let mut rest = 0;
    while let Some(i) = keys[rest..].windows(2).position(|w| w[0] == w[1]) {
        let first = rest + i;
        let n = keys[first..].iter().take_while(|&&key| key == keys[first]).count();
        i64::arrange(&mut at[first..first + n], None);
        rest = first + n;
    }
}

/// The same for the keys of the places wanted, wherever they stand: those to the left of it are the first of them.
#[cfg(target_arch = "x86_64")]
fn settle(keys: &[i64], at: &mut [i64], wanted: &[usize], equal: &mut Vec<i64>) {
    let mut low = 0;
    for (i, &k) in wanted.iter().enumerate() {
        let next = wanted.get(i + 1);
        if next.is_some_and(|&next| keys[next] == keys[k]) {
            continue;
        }
        // Up to here the elements are divided by this key and its neighbours.
        let high = next.copied().unwrap_or(keys.len());
        let them = || (low..high).filter(|&j| keys[j] == keys[k]);
        equal.clear();
        equal.extend(them().map(|j| at[j]));
        if equal.len() > 1 {
            i64::arrange(equal, None);
            them().zip(&*equal).for_each(|(j, &place)| at[j] = place);
        }
        low = k + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::super::math::{Level, dispatch::with_level};
    use super::*;

    /// Lists that divisions find easy and hard, of `n` numbers.
    fn patterns(n: usize) -> Vec<Vec<i64>> {
        let i = || 0..n as i64;
        let mut state = 1u64;
        let mut noise = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as i64
        };
        vec![
            i().collect(),
            i().rev().collect(),
            i().map(|_| 7).collect(),
            i().map(|i| i.min(n as i64 - i)).collect(),
            i().map(|i| (2 * i - n as i64).abs()).collect(),
            i().map(|i| i % 17 - 8).collect(),
            i().map(|i| i % 2).collect(),
            i().map(|_| noise()).collect(),
            i().map(|_| noise() % 10).collect(),
            i().map(|i| if i % 5 == 0 { i64::MAX } else { -noise() }).collect(),
            i().map(|i| if i % 3 == 0 { i64::MIN } else { noise() << 30 }).collect(),
        ]
    }

    fn kths(n: usize) -> Vec<Vec<usize>> {
        let mut list = vec![vec![], vec![0], vec![n - 1], vec![n / 2], vec![n / 3, n / 2], (0..n).collect()];
        list.push((0..n).step_by(7).collect());
        list.iter_mut().for_each(|w| w.dedup());
        list
    }

    fn check<T: Sorted + PartialOrd + std::fmt::Debug>(list: &[T], wanted: &[usize]) {
        let mut want = list.to_vec();
        want.sort_by(|a, b| a.partial_cmp(b).unwrap());
        let mut got = list.to_vec();
        T::arrange(&mut got, None);
        assert_eq!(got, want);
        let mut got = list.to_vec();
        T::arrange(&mut got, Some(wanted));
        let mut low = 0;
        for &k in wanted {
            assert_eq!(got[k], want[k]);
            assert!(got[low..k].iter().all(|x| *x <= want[k]) && got[k..].iter().all(|x| *x >= want[k]), "{k}");
            low = k + 1;
        }
        got.sort_by(|a, b| a.partial_cmp(b).unwrap());
        assert_eq!(got, want);
    }

    fn check_places(keys: &[i64], wanted: &[usize]) {
        let mut want: Vec<i64> = (0..keys.len() as i64).collect();
        want.sort_by_key(|&i| keys[i as usize]);
        let (mut got, mut scratch) = (vec![0; keys.len()], Scratch::default());
        places(&mut got, keys.iter().copied(), None, &mut scratch);
        assert_eq!(got, want);
        places(&mut got, keys.iter().copied(), Some(wanted), &mut scratch);
        for &k in wanted {
            assert_eq!(got[k], want[k], "place {k} of {}", keys.len());
        }
        got.sort_unstable();
        assert!(got.iter().enumerate().all(|(i, &at)| i as i64 == at));
    }

    fn check_all(lengths: impl Iterator<Item = usize>) {
        for n in lengths {
            for list in patterns(n) {
                let doubles: Vec<f64> = list.iter().map(|&x| x as f64 / 3.0).collect();
                let singles: Vec<f32> = list.iter().map(|&x| x as f32).collect();
                let infinite: Vec<f64> =
                    list.iter().map(|&x| if x % 3 == 0 { f64::INFINITY } else { 1.0 / (x as f64) }).collect();
                for wanted in kths(n) {
                    check(&list, &wanted);
                    check(&doubles, &wanted);
                    check(&singles, &wanted);
                    check(&infinite, &wanted);
                    check_places(&list, &wanted);
                }
                check(&list.iter().map(|x| x & 1 == 1).collect::<Vec<bool>>(), &[n / 2]);
            }
        }
    }

    #[test]
    fn every_length_agrees_with_a_stable_sort() {
        check_all((1..=600).chain([1000, 1023, 1024, 1025, 4099]));
        f64::arrange(&mut [], None);
        places(&mut [], [].into_iter(), None, &mut Scratch::default());
    }

    #[test]
    fn without_registers_it_is_the_same() {
        with_level(Level::Avx2, || check_all([1, 2, 20, 21, 50, 300].into_iter()));
    }

    /// Each zero-one list of 16 rows: the network of that many registers sorts any list if it sorts these.
    #[test]
    fn zeros_and_ones_of_all_kinds() {
        for bits in 0..1u32 << 16 {
            let list: [i64; 128] = std::array::from_fn(|i| i64::from(bits >> (i / 8) & 1));
            let mut got = list;
            i64::arrange(&mut got, None);
            assert!(got.is_sorted() && got.iter().sum::<i64>() == list.iter().sum::<i64>());
        }
    }
}
