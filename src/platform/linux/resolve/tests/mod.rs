//! Every rule of the search, on wheels and file systems made up here.

mod bounds;
mod candidates;
mod include_exclude;
mod laws;
mod members;
mod outside;
mod process;
mod search_order;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use super::*;
use crate::host::HostOptions;
use crate::wheel::Installed;
use elf_synth::Synth;

fn elf() -> Synth {
    Synth::new(true, false)
}

fn library(soname: &str, needed: &[&str]) -> Synth {
    needed.iter().fold(elf().soname(soname), Synth::needed)
}

fn extension(needed: &[&str]) -> Synth {
    needed.iter().fold(elf(), Synth::needed)
}

/// A wheel and a machine, under construction.
struct World {
    root: tempfile::TempDir,
    elves: Vec<ElfMember>,
    judged: Vec<bool>,
    options: HostOptions,
    libc: Libc,
    exclude: Vec<String>,
    vendor: Vec<String>,
    include: Vec<String>,
    folder: Option<PathBuf>,
}

impl World {
    /// The machine is a sysroot; nothing of the real one is seen.
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let options = HostOptions {
            sysroot: Some(root.path().to_path_buf()),
            ..HostOptions::default()
        };
        Self {
            root,
            elves: Vec::new(),
            judged: Vec::new(),
            options,
            libc: Libc::Glibc,
            exclude: Vec::new(),
            vendor: Vec::new(),
            include: Vec::new(),
            folder: None,
        }
    }

    fn musl() -> Self {
        Self {
            libc: Libc::Musl,
            ..Self::new()
        }
    }

    fn member(&mut self, path: &str, file: &Synth) -> &mut Self {
        self.installed(Installed::Site(path.to_owned()), path, file)
    }

    fn installed(&mut self, installed: Installed, path: &str, file: &Synth) -> &mut Self {
        let facts = crate::elf::facts(&file.build()).unwrap();
        self.elves.push(ElfMember {
            member: self.elves.len(),
            path: path.to_owned(),
            installed,
            facts: Arc::new(facts),
        });
        self.judged.push(true);
        self
    }

    /// A member with more needs than are worth making a file for.
    fn needy(&mut self, path: &str, file: &Synth, needed: &[String]) {
        let mut facts = crate::elf::facts(&file.build()).unwrap();
        facts.needed = needed.to_vec();
        self.elves.push(ElfMember {
            member: self.elves.len(),
            path: path.to_owned(),
            installed: Installed::Site(path.to_owned()),
            facts: Arc::new(facts),
        });
        self.judged.push(true);
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    fn file(&mut self, path: &str, file: &Synth) -> &mut Self {
        self.raw(path, &file.build())
    }

    fn raw(&mut self, path: &str, bytes: &[u8]) -> &mut Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
        self
    }

    fn resolve(&self) -> Graph {
        let host = Host::new(self.options.clone());
        let options = ResolveOptions {
            host: &host,
            libc: self.libc,
            arch: Arch::X86_64,
            policies: &Policies::default(),
            exclude: &self.exclude,
            vendor: &self.vendor,
            include: &self.include,
            folder: self.folder.as_deref(),
        };
        Graph::resolve(&self.elves, &self.judged, &options)
    }

    /// Every edge as `dependant: soname => where (how)`, in node order.
    fn edges(&self) -> Vec<String> {
        let graph = self.resolve();
        let mut lines = Vec::new();
        for (id, node) in graph.nodes.iter().enumerate() {
            for edge in &node.edges {
                let from = self.name(&graph, id);
                lines.push(format!(
                    "{from}: {} => {}",
                    edge.soname,
                    self.target(&graph, edge)
                ));
            }
        }
        lines
    }

    fn target(&self, graph: &Graph, edge: &Edge) -> String {
        let root = format!("{}/", self.root.path().display());
        let mut text = match &edge.target {
            Target::Node(id, found_by) => {
                let found_by = found_by.to_string().replace(&root, "/");
                format!("{} ({found_by})", self.name(graph, *id))
            }
            Target::Missing(_) => "missing".to_owned(),
            Target::Excluded { pattern, .. } => format!("excluded by {pattern}"),
            Target::Libpython => "libpython".to_owned(),
            Target::Loader => "loader".to_owned(),
        };
        for also in &edge.also {
            text += " and ";
            text += &self.name(graph, *also);
        }
        text
    }

    fn name(&self, graph: &Graph, id: NodeId) -> String {
        match &graph.nodes[id].origin {
            Origin::Member(index) => self.elves[*index].path.clone(),
            Origin::Host(library) => {
                let path = library.path.strip_prefix(self.root.path());
                format!("/{}", path.unwrap_or(&library.path).display())
            }
        }
    }

    #[track_caller]
    fn check(&self, expected: &[&str]) {
        assert_eq!(self.edges(), expected);
    }

    /// The rows of the only missing name `soname`.
    fn searched(&self, soname: &str) -> Vec<String> {
        let graph = self.resolve();
        let mut edges = graph.nodes.iter().flat_map(|node| &node.edges);
        let edge = edges.find(|edge| edge.soname == soname).unwrap();
        let Target::Missing(searched) = &edge.target else {
            panic!("{soname} was found");
        };
        let root = self.root.path().display().to_string();
        let rows = searched.iter().map(|row| {
            let unsearched = row
                .unsearched
                .as_deref()
                .map(|why| format!(": not searched: {why}"));
            let unfit = row.unfit.as_deref().map(|why| format!(": {why}"));
            let near = Some(row.near.join(", ")).filter(|near| !near.is_empty());
            let near = near.map(|near| format!(": near are {near}"));
            let what = unsearched.or(unfit).or(near).unwrap_or_default();
            format!("{} ({}){what}", row.dir, row.found_by)
        });
        rows.map(|row| row.replace(&root, "")).collect()
    }
}
