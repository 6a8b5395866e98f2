//! The largest wheel that may come out.

use crate::finding::Finding;
use crate::repair::Plan;
use crate::wheel::Wheel;

impl Plan {
    /// Says no to a result of `size` bytes, if `--max-size` does.
    ///
    /// # Errors
    /// `wheel-too-large`, with the libraries that weigh most.
    pub(in crate::repair) fn refuse_large(&self, wheel: &Wheel, size: u64) -> Result<(), Finding> {
        let Some(limit) = self.options.max_size.filter(|limit| size > *limit) else {
            return Ok(());
        };
        let message = format!(
            "the repaired wheel has {size} bytes, more than --max-size allows ({limit}); the input has {}",
            wheel.file_size()
        );
        let mut grafts: Vec<_> = self.grafts.iter().collect();
        grafts.sort_by_key(|graft| std::cmp::Reverse(graft.library.size));
        let largest: Vec<String> = grafts
            .iter()
            .take(5)
            .map(|graft| format!("{} ({} bytes)", graft.member, graft.library.size))
            .collect();
        let finding = Finding::error("wheel-too-large", message);
        Err(if largest.is_empty() {
            finding
        } else {
            finding.help(format!("the largest libraries: {}", largest.join(", ")))
        })
    }
}
