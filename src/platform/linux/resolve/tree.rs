//! The wheel's own libraries, found by folder or by name in the tree that an installer makes.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::elf::Kind;
use crate::host::{Wanted, unfit};
use crate::platform::linux::search_path::WheelDir;
use crate::tag::{CLibrary as _, Libc};
use crate::wheel::ElfMember;

/// Index of the wheel's ELF members.
#[derive(Debug)]
pub(super) struct Tree<'a> {
    elves: &'a [ElfMember],
    judged: &'a [bool],
    /// Per member: its folder, and the C library it was linked with.
    places: Vec<(WheelDir, Option<Libc>)>,
    folders: HashMap<WheelDir, usize>,
    files: HashMap<(usize, &'a str), usize>,
    /// By file name: the folders that hold one, and which member that is.
    by_file: HashMap<&'a str, Vec<(usize, usize)>>,
    /// By soname, and by file name where that is another: members in archive order.
    names: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Tree<'a> {
    pub(super) fn new(elves: &'a [ElfMember], judged: &'a [bool]) -> Self {
        let mut tree = Self {
            elves,
            judged,
            places: Vec::with_capacity(elves.len()),
            folders: HashMap::new(),
            files: HashMap::new(),
            by_file: HashMap::new(),
            names: HashMap::new(),
        };
        for (index, elf) in elves.iter().enumerate() {
            let (dir, file) = WheelDir::of(&elf.installed);
            let next = tree.folders.len();
            let folder = *tree.folders.entry(dir.clone()).or_insert(next);
            tree.places.push((dir, Libc::of(&elf.facts, &elf.path)));
            // Of several in one folder the first counts.
            if let Entry::Vacant(vacant) = tree.files.entry((folder, file)) {
                vacant.insert(index);
                tree.by_file.entry(file).or_default().push((folder, index));
            }
            let soname = elf.facts.soname.as_deref();
            tree.names
                .entry(soname.unwrap_or(file))
                .or_default()
                .push(index);
            if soname.is_some_and(|soname| soname != file) {
                tree.names.entry(file).or_default().push(index);
            }
        }
        tree
    }

    /// The number of a folder that holds ELF members.
    pub(super) fn folder(&self, dir: &WheelDir) -> Option<usize> {
        self.folders.get(dir).copied()
    }

    /// The member `name` in a folder, whether or not it fits.
    pub(super) fn at(&self, folder: usize, name: &str) -> Option<usize> {
        self.files.get(&(folder, name)).copied()
    }

    /// All members whose files are called `name`, each with its folder.
    pub(super) fn files(&self, name: &str) -> &[(usize, usize)] {
        self.by_file.get(name).map_or(&[], Vec::as_slice)
    }

    /// Why the member cannot be loaded by one who wants `wanted`, if so.
    pub(super) fn unfit(&self, member: usize, wanted: &Wanted) -> Option<String> {
        let facts = &self.elves.get(member)?.facts;
        let (_, libc) = self.places.get(member)?;
        if let Some(reason) = unfit(facts, *libc, wanted) {
            return Some(reason);
        }
        let judged = self.judged.get(member).copied().unwrap_or(false);
        (!judged).then(|| "built for another system".to_owned())
    }

    /// The member that is called `name`, wherever it is: the one nearest to `near`, of several there
    /// the one whose file bears the name, as the loader wants it.
    pub(super) fn named(&self, name: &str, near: &WheelDir, wanted: &Wanted) -> Option<usize> {
        let candidates = self.names.get(name)?.iter().copied();
        let fitting = candidates.filter(|member| self.unfit(*member, wanted).is_none());
        fitting.max_by_key(|member| {
            let place = self.places.get(*member);
            let nearness = place.map_or(0, |(dir, _)| dir.nearness(near));
            let elf = self.elves.get(*member);
            let bears = elf.is_some_and(|elf| WheelDir::of(&elf.installed).1 == name);
            (nearness, bears, std::cmp::Reverse(*member))
        })
    }

    /// Members that no other member of the wheel names among its needs: what Python, or a
    /// user, starts with. Archive order.
    pub(super) fn roots(&self) -> Vec<usize> {
        // Per name: the only member that needs it, or none if there are several.
        let mut needs: HashMap<&str, Option<usize>> = HashMap::new();
        for (index, elf) in self.elves.iter().enumerate() {
            for name in &elf.facts.needed {
                let only = needs.entry(name).or_insert(Some(index));
                *only = only.filter(|only| *only == index);
            }
        }
        let needed_by_another = |index: usize, elf: &ElfMember| {
            let (_, file) = WheelDir::of(&elf.installed);
            let names = elf.facts.soname.as_deref().into_iter().chain([file]);
            let mut needs = names.filter_map(|name| needs.get(name));
            needs.any(|only| *only != Some(index))
        };
        let roots = self.elves.iter().enumerate().filter(|(index, elf)| {
            let executable = elf.facts.kind == Kind::Executable;
            self.judged.get(*index) == Some(&true)
                && (executable || !needed_by_another(*index, elf))
        });
        roots.map(|(index, _)| index).collect()
    }

    /// The folder of a member.
    pub(super) fn dir(&self, member: usize) -> Option<&WheelDir> {
        self.places.get(member).map(|(dir, _)| dir)
    }
}
