//! The one way in which members are worked on side by side: largest first, results in order.

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::iter::{IndexedParallelIterator as _, IntoParallelIterator as _, ParallelIterator as _};

/// Calls `work` for every item on all threads of the current pool, those of the largest
/// `size` first, so that no thread is left with a large one at the end. Each thread keeps
/// one `state`. The results come in the order of `items`.
pub(crate) fn largest_first<T: Sync, S, R: Send>(
    items: &[T],
    size: impl Fn(&T) -> u64,
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, &T) -> R + Sync,
) -> Vec<R> {
    let mut queue: Vec<(usize, &T)> = items.iter().enumerate().collect();
    queue.sort_by_key(|(_, item)| std::cmp::Reverse(size(item)));
    let next = AtomicUsize::new(0);
    let threads = rayon::current_num_threads().min(items.len());
    let drain = |_| {
        let mut done = Vec::new();
        let mut kept = None;
        while let Some((index, item)) = queue.get(next.fetch_add(1, Ordering::Relaxed)) {
            let kept = kept.get_or_insert_with(&state);
            done.push((*index, work(kept, item)));
        }
        done
    };
    let mut results: Vec<(usize, R)> = (0..threads)
        .into_par_iter()
        .with_max_len(1)
        .flat_map_iter(drain)
        .collect();
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        let items: Vec<u64> = (0..1000).map(|n| n * 7919 % 1000).collect();
        let doubled = largest_first(&items, |item| *item, || 0_u64, |_, item| item * 2);
        let expected: Vec<u64> = items.iter().map(|item| item * 2).collect();
        assert_eq!(doubled, expected);
        assert!(largest_first(&[0_u64; 0], |item| *item, || (), |(), item| *item).is_empty());
    }
}
