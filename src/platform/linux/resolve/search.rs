//! One look-up: the folders that apply to a requester, in the loader's order.
//!
//! What the wheel holds comes first, whatever the order of the folders outside: on the machine
//! where the wheel is installed those folders are not there, and a second copy of a library
//! that the wheel has is never wanted.
//!
//! Specs: ld.so(8); `_dl_map_object` of glibc, `load_library` of musl, bionic's `linker.cpp`.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::contexts::{ContextId, Contexts, List, ListId, NameId, Requester, places};
use super::explain::MOST_ROWS;
use super::tree::Tree;
use super::{Node, ResolveOptions, Target};
use crate::elf::Facts;
use crate::fnmatch::Pattern;
use crate::host::{FoundBy, Group, Host, HostLibrary, Probe, SearchDir, Wanted};
use crate::platform::linux::policy::drivers::driver_of;
use crate::platform::linux::policy::{Ladder, Since};
use crate::platform::linux::search_path::{Home, Lead, Loader, WheelDir};
use crate::tag::Libc;
use crate::wheel::ElfMember;

/// Bit of `DT_FLAGS_1`: the loader's built-in folders do not apply.
const DF_1_NODEFLIB: u64 = 0x800;

/// What a look-up found.
#[derive(Clone, Debug)]
pub(super) enum Found {
    Host(Arc<HostLibrary>, FoundBy),
    /// A pattern, by number, matched this real path.
    Excluded(usize, PathBuf),
}

/// Everything that look-ups share.
#[derive(Debug)]
pub(super) struct Search<'a> {
    pub(super) options: &'a ResolveOptions<'a>,
    pub(super) tree: Tree<'a>,
    pub(super) excludes: Vec<Pattern>,
    vendor: Vec<Pattern>,
    loader: Loader,
    ladders: Vec<Arc<Ladder>>,
    lib_dirs: Fixed,
    environment: Fixed,
    system: Fixed,
    pub(super) contexts: Contexts,
    outside: HashMap<(Option<ContextId>, Requester, NameId), Option<Found>>,
}

impl<'a> Search<'a> {
    pub(super) fn new(
        elves: &'a [ElfMember],
        judged: &'a [bool],
        options: &'a ResolveOptions<'a>,
    ) -> Self {
        let (libc, arch) = (options.libc, options.arch);
        Self {
            options,
            tree: Tree::new(elves, judged),
            excludes: options.exclude.iter().map(Pattern::new).collect(),
            vendor: options.vendor.iter().map(Pattern::new).collect(),
            loader: Loader { libc, arch },
            ladders: options.policies.ladders(libc, arch),
            lib_dirs: Fixed::new(options.host, options.host.lib_dirs().collect()),
            environment: Fixed::new(options.host, options.host.environment_dirs().collect()),
            system: Fixed::new(options.host, options.host.system_dirs(libc, arch)),
            contexts: Contexts::default(),
            outside: HashMap::new(),
        }
    }

    /// Reads the search paths of a member.
    pub(super) fn member(&mut self, elf: &ElfMember) -> Requester {
        let (dir, _) = WheelDir::of(&elf.installed);
        let home = match self.options.folder {
            Some(folder) => Home::Loose(&dir, folder),
            None => Home::Member(&dir),
        };
        self.requester(&elf.facts, home, &elf.path)
    }

    /// Reads the search paths of a library outside.
    pub(super) fn library(&mut self, library: &HostLibrary) -> Requester {
        let name = library.path.to_string_lossy();
        let folder = |path: &'_ Path| path.parent().unwrap_or(Path::new("/")).to_path_buf();
        let (found_in, real) = (folder(&library.path), folder(&library.real_path));
        let mut requester = self.requester(&library.facts, Home::Host(&found_in), &name);
        if found_in != real {
            let again = self.requester(&library.facts, Home::Host(&real), &name);
            requester.last_resort = again.runpath.or(again.rpath);
        }
        requester
    }

    fn requester(&mut self, facts: &Facts, home: Home<'_>, name: &str) -> Requester {
        let libc = self.options.libc;
        // glibc and musl ignore the old tag where there is the new one, bionic always.
        let old = facts.rpath.as_deref();
        let old = old.filter(|_| facts.runpath.is_none() && libc != Libc::Android);
        let old = old.map(|list| (list, FoundBy::Rpath(name.into())));
        let new = facts.runpath.as_deref();
        let new = new.map(|list| (list, FoundBy::Runpath(name.into())));
        // To musl they are one: inherited, whichever it is.
        let (rpath, runpath) = match libc {
            Libc::Musl => (new.or(old), None),
            Libc::Glibc | Libc::Android => (old, new),
        };
        Requester {
            rpath: rpath.map(|(list, found_by)| self.list(list, home, found_by)),
            runpath: runpath.map(|(list, found_by)| self.list(list, home, found_by)),
            no_default_dirs: libc == Libc::Glibc && facts.flags_1 & DF_1_NODEFLIB != 0,
            ..self.nobody(facts)
        }
    }

    /// Someone without search paths who needs what `facts` would fit.
    pub(super) fn nobody(&self, facts: &Facts) -> Requester {
        Requester {
            rpath: None,
            runpath: None,
            last_resort: None,
            no_default_dirs: false,
            wanted: Wanted {
                platform: facts.platform,
                libc: self.options.libc,
            },
        }
    }

    fn list(&mut self, list: &str, home: Home<'_>, found_by: FoundBy) -> ListId {
        let mut entries = Vec::new();
        let mut wheel: Vec<usize> = Vec::new();
        let mut host: Vec<PathBuf> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for entry in self.loader.entries(list, home) {
            for lead in &entry.leads {
                if let Lead::Wheel(dir) = lead {
                    wheel.extend(
                        self.tree
                            .folder(dir)
                            .filter(|folder| seen.insert(Err(*folder))),
                    );
                } else if let Some(dir) = self.host_dir(lead)
                    && let Some(real) = self.options.host.real_folder(&dir)
                    && seen.insert(Ok(real))
                {
                    host.push(dir);
                }
            }
            // The rest is never told.
            if entries.len() < MOST_ROWS {
                entries.push(entry);
            }
        }
        let group = self.options.host.group(host.iter().map(PathBuf::as_path));
        self.contexts.add_list(List {
            entries,
            wheel_places: places(&wheel),
            wheel,
            host,
            group,
            found_by,
        })
    }

    /// The folder of the host that an entry leads to.
    pub(super) fn host_dir(&self, lead: &Lead) -> Option<PathBuf> {
        match lead {
            Lead::Absolute(dir) => Some(self.options.host.in_sysroot(dir)),
            Lead::Folder(dir) => Some(dir.clone()),
            Lead::Wheel(_) | Lead::Nowhere(_) => None,
        }
    }

    /// Looks for `name` in the wheel: through search paths, then by soname if no policy lets it
    /// stay outside. `near` decides among several of that soname.
    pub(super) fn in_wheel(
        &self,
        requester: &Requester,
        context: Option<ContextId>,
        name: &str,
        near: &WheelDir,
    ) -> Option<(usize, FoundBy)> {
        let runpath = requester.runpath.and_then(|list| self.contexts.list(list));
        let context = context.filter(|_| runpath.is_none());
        let rpaths = self.contexts.chain(context, Contexts::inside);
        let mut lists = runpath.into_iter().chain(rpaths);
        let files = self.tree.files(name);
        let fits = |member: &usize| self.tree.unfit(*member, &requester.wanted).is_none();
        let by_path = Some(files).filter(|files| !files.is_empty());
        let by_path = by_path.and_then(|files| {
            lists.find_map(|list| {
                // Whichever are fewer: the folders with such a file, or those of the list.
                let member = if files.len() > list.wheel.len() {
                    let mut folders = list.wheel.iter();
                    folders.find_map(|dir| self.tree.at(*dir, name).filter(fits))
                } else {
                    list.members(files).find(fits)
                };
                Some((member?, list.found_by.clone()))
            })
        });
        by_path.or_else(|| {
            if self.is_of_the_system(name) {
                return None;
            }
            let member = self.tree.named(name, near, &requester.wanted);
            member.map(|member| (member, FoundBy::WheelSoname))
        })
    }

    /// Whether a library comes from the system even if some folder of the wheel, to which nothing
    /// points, has one of that name: a policy allows that, or it belongs to a driver.
    fn is_of_the_system(&self, name: &str) -> bool {
        let mut ladders = self.ladders.iter();
        let allowed = ladders.any(|ladder| ladder.library(name) != Since::Never);
        let vendored = || self.vendor.iter().any(|pattern| pattern.matches(name));
        (allowed || driver_of(name).is_some()) && !vendored()
    }

    /// Looks for a name outside the wheel; what was found before in the same folders is not
    /// looked for again.
    pub(super) fn outside(
        &mut self,
        requester: &Requester,
        context: Option<ContextId>,
        id: NameId,
        name: &str,
    ) -> Option<Found> {
        let (key, context) = self.outside_key(requester, context);
        if let Some(known) = self.outside.get(&(context, key, id)) {
            return known.clone();
        }
        let found = self.look_outside(&key, context, name);
        self.outside.insert((context, key, id), found.clone());
        found
    }

    /// What of a requester matters outside the wheel.
    fn outside_key(
        &self,
        requester: &Requester,
        context: Option<ContextId>,
    ) -> (Requester, Option<ContextId>) {
        let leads_out = |list: &ListId| {
            let list = self.contexts.list(*list);
            list.is_some_and(|list| !list.host.is_empty())
        };
        let context = context.filter(|_| requester.runpath.is_none());
        let context = context.and_then(|context| self.contexts.outside(context));
        let key = Requester {
            rpath: None,
            runpath: requester.runpath.filter(leads_out),
            last_resort: requester.last_resort.filter(leads_out),
            ..*requester
        };
        (key, context)
    }

    fn look_outside(
        &self,
        requester: &Requester,
        context: Option<ContextId>,
        name: &str,
    ) -> Option<Found> {
        let rpaths = self.contexts.chain(context, Contexts::outside);
        let of_list = |list: ListId| self.contexts.list(list);
        let runpath = requester.runpath.and_then(of_list);
        let last_resort = requester.last_resort.and_then(of_list);
        let musl = self.options.libc == Libc::Musl;
        let environment = || Some(self.environment.group()).into_iter();
        let groups = Some(self.lib_dirs.group()).into_iter();
        let groups = groups.chain(environment().filter(|_| musl));
        let groups = groups.chain(rpaths.map(List::group));
        let groups = groups.chain(environment().filter(|_| !musl));
        let groups = groups.chain(runpath.map(List::group));
        let groups = groups.chain([self.system.group()]);
        let mut groups = groups.chain(last_resort.map(List::group));
        let system = |dir: &&SearchDir| is_searched(requester, dir);
        groups.find_map(|(group, dirs)| {
            self.options
                .host
                .places(group, name)
                .iter()
                .find_map(|place| {
                    let (dir, found_by) = match dirs {
                        Dirs::List(list) => (list.host.get(*place)?.as_path(), &list.found_by),
                        Dirs::Fixed(dirs) => borrowed(dirs.get(*place).filter(system)?),
                    };
                    let probe = self.options.host.probe(dir, name, &requester.wanted);
                    let Probe::Found(library) = probe else {
                        return None;
                    };
                    Some(self.unless_excluded(library, found_by.clone()))
                })
        })
    }

    pub(super) fn unless_excluded(&self, library: Arc<HostLibrary>, found_by: FoundBy) -> Found {
        match self.excluded(&library) {
            Some(pattern) => Found::Excluded(pattern, library.real_path.clone()),
            None => Found::Host(library, found_by),
        }
    }

    /// The `--exclude` pattern that matches a path of the library.
    fn excluded(&self, library: &HostLibrary) -> Option<usize> {
        let host = self.options.host;
        let paths = [&library.real_path, &library.path].map(PathBuf::as_path);
        let inside = paths.map(|path| host.as_in_sysroot(path).to_string_lossy().into_owned());
        let paths = paths.map(|path| path.to_string_lossy().into_owned());
        let matches = |pattern: &Pattern| {
            let mut spellings = paths.iter().chain(&inside);
            spellings.any(|path| pattern.matches(path))
        };
        self.excludes.iter().position(matches)
    }

    /// The `--exclude` patterns that leave something outside: `by_path`, and those that match a name
    /// of `nodes` that no member serves.
    pub(super) fn used_excludes(&self, nodes: &[Node], by_path: &BTreeSet<usize>) -> Vec<String> {
        let edges = nodes.iter().flat_map(|node| &node.edges);
        let outside = edges.filter(|edge| matches!(edge.target, Target::Excluded { .. }));
        let outside: BTreeSet<&str> = outside.map(|edge| edge.soname.as_str()).collect();
        let patterns = self.excludes.iter().enumerate();
        let used = patterns.filter(|(index, pattern)| {
            by_path.contains(index) || outside.iter().any(|name| pattern.matches(name))
        });
        used.map(|(_, pattern)| pattern.as_str().to_owned())
            .collect()
    }

    /// Folders outside that come before the RPATHs, between them and RUNPATH, and last.
    pub(super) fn fixed_dirs(&self, requester: &Requester) -> [Vec<&SearchDir>; 3] {
        let mut first: Vec<&SearchDir> = self.lib_dirs.dirs.iter().collect();
        let mut middle: Vec<&SearchDir> = self.environment.dirs.iter().collect();
        if self.options.libc == Libc::Musl {
            first.append(&mut middle);
        }
        let system = self.system.dirs.iter();
        let system = system.filter(|dir| is_searched(requester, dir));
        [first, middle, system.collect()]
    }
}

/// Whether a requester has a folder of the fixed ones searched.
fn is_searched(requester: &Requester, dir: &SearchDir) -> bool {
    !requester.no_default_dirs || dir.found_by != FoundBy::Trusted
}

/// Folders that do not depend on who asks.
#[derive(Debug)]
struct Fixed {
    dirs: Arc<[SearchDir]>,
    group: Group,
}

/// What the places of a group mean.
#[derive(Clone, Copy)]
pub(super) enum Dirs<'s> {
    List(&'s List),
    Fixed(&'s [SearchDir]),
}

impl Fixed {
    fn new(host: &Host, dirs: Arc<[SearchDir]>) -> Self {
        Self {
            group: host.group(dirs.iter().map(|dir| dir.dir.as_path())),
            dirs,
        }
    }

    fn group(&self) -> (&Group, Dirs<'_>) {
        (&self.group, Dirs::Fixed(&self.dirs))
    }
}

fn borrowed(dir: &SearchDir) -> (&Path, &FoundBy) {
    (&dir.dir, &dir.found_by)
}
