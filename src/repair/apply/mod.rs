//! Carries a plan out: the only code that leaves files.

pub(crate) mod dry_run;
pub(crate) mod editing;
pub(crate) mod graft_cache;
pub(in crate::repair) mod max_size;
pub(crate) mod repaired;
pub(in crate::repair) mod self_check;
pub(in crate::repair) mod unchanged;

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use wheel_archive::{Published, publish};

use crate::elf;
use crate::finding::{Error, ErrorKind, Finding};
use crate::host::Host;
use crate::platform::linux::layout::shim;
use crate::repair::apply::editing::{Origin, PlannedEdit, StrippedFile};
use crate::repair::apply::graft_cache::{GraftCache, Order};
use crate::repair::apply::repaired::Repaired;
use crate::repair::graft::source::unreadable;
use crate::repair::{Graft, Plan, sbom};
use crate::wheel::{Compression, Content, NewMember, Packed, RecordPlace, Written, write_wheel};
use crate::wheel::{DosTime, EditedBy, MemberId, Wheel, compiled, rewritten_wheel_file};

impl Plan {
    /// Writes the repaired wheel into `folder`. It appears whole under its final name, or not
    /// at all.
    ///
    /// # Errors
    /// `ErrorKind::Usage` if `folder` cannot hold it, `ErrorKind::Refused` if an ELF file
    /// cannot be edited safely or a read or write fails.
    pub fn apply(
        &self,
        wheel: &Wheel,
        store: &GraftCache,
        folder: &Path,
    ) -> Result<Repaired, Error> {
        let destination = folder.join(self.name.to_string());
        if self.keeps_bytes(wheel) {
            return self.copy(wheel, store, &destination);
        }
        let input = wheel.path.display().to_string();
        let refused = |findings| Error::many(ErrorKind::Refused, &input, findings);
        let assembly = Assembly::new(self, wheel, store);
        let Made {
            members,
            stripped,
            mut findings,
        } = assembly.members().map_err(refused)?;
        let write = |file: &mut File| assembly.write(file, &members);
        let check = |path: &Path, (written, _): &(Vec<Written>, u64)| {
            self_check::check(self, wheel, store.host(), path, written)?;
            wheel.check_unchanged()?;
            self.check_libraries(store.host())
        };
        // A wheel that is not published leaves no debug files.
        let mut kept = Vec::new();
        let keep_debug = |_: &(Vec<Written>, u64)| {
            let folder = self.options.debug_dir.as_deref();
            let keep = |file: &StrippedFile| file.keep(wheel, store, folder, &mut findings);
            kept = stripped.iter().map(keep).collect::<Result<_, _>>()?;
            Ok(())
        };
        let Published { value, unchanged } = publish(&destination, write, check, keep_debug)
            .map_err(|finding| refused(vec![finding]))?;
        let (members, size) = value;
        Ok(Repaired {
            path: destination,
            members,
            size,
            unchanged,
            stripped: kept,
            findings,
        })
    }

    /// What was brought in is what was judged.
    pub(in crate::repair) fn check_libraries(&self, host: &Host) -> Result<(), Finding> {
        self.grafts.iter().try_for_each(|graft| {
            host.check_unchanged(&graft.library).map_err(|error| {
                let path = graft.library.real_path.display();
                unreadable(&error).at(path.to_string())
            })
        })
    }

    /// The date of a `.dist-info` member, or of new members: the newest of the input.
    fn date_of(&self, wheel: &Wheel, name: &str) -> DosTime {
        let path = format!("{}/{name}", wheel.dist_info.dir);
        let own = wheel
            .members
            .iter()
            .find(|member| member.path == path)
            .map(|member| member.modified);
        self.date.or(own).unwrap_or_else(|| newest(wheel))
    }
}

fn newest(wheel: &Wheel) -> DosTime {
    let dates = wheel.members.iter().map(|member| member.modified);
    dates.max().unwrap_or(DosTime::MIN)
}

/// The members to write, and what came up on the way to them.
#[derive(Default)]
pub(in crate::repair) struct Made {
    pub(in crate::repair) members: Vec<NewMember>,
    stripped: Vec<StrippedFile>,
    pub(in crate::repair) findings: Vec<Finding>,
}

impl Made {
    /// Remembers what an edit took and told.
    fn note(&mut self, member: &str, origin: Origin, edit: &PlannedEdit) {
        self.findings.extend(edit.findings(member));
        if edit.strips() {
            self.stripped.push(StrippedFile {
                member: member.to_owned(),
                origin,
                edit: edit.clone(),
            });
        }
    }
}

pub(in crate::repair) struct Assembly<'a> {
    pub(in crate::repair) plan: &'a Plan,
    wheel: &'a Wheel,
    pub(in crate::repair) store: &'a GraftCache,
    compression: Compression,
}

/// Dropped because they sign what has changed, or because RECORD is written anew.
const DROPPED: [&str; 3] = ["RECORD", "RECORD.jws", "RECORD.p7s"];

impl<'a> Assembly<'a> {
    pub(in crate::repair) fn new(plan: &'a Plan, wheel: &'a Wheel, store: &'a GraftCache) -> Self {
        Self {
            plan,
            wheel,
            store,
            compression: Compression {
                level: plan.options.compression,
            },
        }
    }

    /// Writes the archive: what it has, and its size in bytes.
    ///
    /// # Errors
    /// A finding for a failed read or write, and for a wheel larger than was allowed.
    pub(in crate::repair) fn write(
        &self,
        file: &mut File,
        members: &[NewMember],
    ) -> Result<(Vec<Written>, u64), Finding> {
        let record = RecordPlace {
            path: format!("{}/RECORD", self.wheel.dist_info.dir),
            modified: self.plan.date_of(self.wheel, "RECORD"),
        };
        let written = write_wheel(file, self.wheel, members, &record, self.compression)?;
        let metadata = file.metadata().map_err(|error| write_failure(&error))?;
        let size = metadata.len();
        self.plan.refuse_large(self.wheel, size)?;
        Ok((written, size))
    }

    /// Input order, then new members in byte order, then `.dist-info`.
    pub(in crate::repair) fn members(&self) -> Result<Made, Vec<Finding>> {
        let edits = self.plan.edits.par_iter();
        let mut edits: BTreeMap<MemberId, _> = edits
            .map(|edit| (edit.member, (edit, self.edited(edit.member, &edit.edit))))
            .collect();
        let (mut plain, mut dist_info) = (Vec::new(), Vec::new());
        let (mut made, mut problems) = (Made::default(), Vec::new());
        let mut added = self.grafts(&mut made, &mut problems);
        let prefix = format!("{}/", self.wheel.dist_info.dir);
        for (id, member) in self.wheel.members.iter().enumerate() {
            if let Some(name) = member.path.strip_prefix(&prefix) {
                if !DROPPED.contains(&name) {
                    dist_info.push(self.metadata_member(id, name));
                }
                continue;
            }
            if self.plan.removed.iter().any(|gone| gone.member == id) {
                continue;
            }
            let Some((edit, edited)) = edits.remove(&id) else {
                plain.push(self.member(id, &member.path, Content::Copy(id)));
                continue;
            };
            match edited {
                Ok(planned) => {
                    let path = edit.moved_to.as_ref().unwrap_or(&member.path);
                    made.note(path, Origin::Member(id), &planned);
                    let content = content(id, planned);
                    if edit.moved_to.is_none() {
                        plain.push(self.member(id, path, content));
                        continue;
                    }
                    let text: Arc<[u8]> = shim::script(path).into_bytes().into();
                    plain.push(self.executable(id, &member.path, Content::Bytes(text)));
                    added.push(self.executable(id, path, content));
                }
                Err(finding) => problems.push(finding.at(&member.path)),
            }
        }
        let licenses = self.licenses(&mut problems);
        if !problems.is_empty() {
            return Err(problems);
        }
        added.sort_by(|left, right| left.path.cmp(&right.path));
        dist_info.extend(licenses);
        dist_info.extend(self.sbom(&added));
        plain.append(&mut added);
        plain.append(&mut dist_info);
        made.members = plain;
        Ok(made)
    }

    fn member(&self, id: MemberId, path: &str, content: Content) -> NewMember {
        let member = self.wheel.members.get(id);
        NewMember {
            path: path.to_owned(),
            executable: member.is_some_and(|member| member.executable),
            modified: self
                .plan
                .date
                .or(member.map(|member| member.modified))
                .unwrap_or(DosTime::MIN),
            content,
        }
    }

    fn executable(&self, id: MemberId, path: &str, content: Content) -> NewMember {
        NewMember {
            executable: true,
            ..self.member(id, path, content)
        }
    }

    fn metadata_member(&self, id: MemberId, name: &str) -> NewMember {
        let path = format!("{}/{name}", self.wheel.dist_info.dir);
        if name != "WHEEL" {
            return self.member(id, &path, Content::Copy(id));
        }
        let at_root = compiled::at_root(&self.wheel.name, self.plan.elves(self.wheel));
        let text = rewritten_wheel_file(&self.wheel.dist_info.wheel, &self.plan.name, at_root);
        if text == self.wheel.dist_info.wheel {
            return self.member(id, &path, Content::Copy(id));
        }
        self.member(id, &path, Content::Bytes(text.into()))
    }

    pub(in crate::repair) fn edited(
        &self,
        id: MemberId,
        edit: &elf::Edit,
    ) -> Result<PlannedEdit, Finding> {
        let image = self.wheel.image(id).map_err(|error| read_failure(&error))?;
        PlannedEdit::new(&image, edit, self.plan.options.debug_dir.is_some())
    }

    pub(in crate::repair) fn order<'g>(&self, graft: &'g Graft) -> Order<'g> {
        Order {
            library: &graft.library,
            edit: &graft.edit,
            compression: self.compression,
            keep_debug: self.plan.options.debug_dir.is_some(),
        }
    }

    fn grafts(&self, made: &mut Made, problems: &mut Vec<Finding>) -> Vec<NewMember> {
        let edited: Vec<_> = self
            .plan
            .grafts
            .par_iter()
            .map(|graft| self.store.prepared(&self.order(graft)))
            .collect();
        let (mut members, mut all) = (Vec::new(), Vec::new());
        for (graft, prepared) in self.plan.grafts.iter().zip(edited) {
            match prepared {
                Ok((packed, edit)) => {
                    let origin = Origin::Library(Arc::clone(&graft.library));
                    made.note(&graft.member, origin, &edit);
                    all.push(Arc::clone(&packed));
                    members.push(NewMember {
                        path: graft.member.clone(),
                        executable: true,
                        modified: self.plan.date.unwrap_or_else(|| newest(self.wheel)),
                        content: Content::Packed(packed),
                    });
                }
                Err(finding) => {
                    problems.push(finding.at(graft.library.real_path.display().to_string()));
                }
            }
        }
        // The SBOM, which is a member too, needs their hashes.
        Packed::prepare(&all, self.compression);
        members
    }

    /// Files that the wheel has already stay as they are: another repair copied them.
    fn licenses(&self, problems: &mut Vec<Finding>) -> Vec<NewMember> {
        let mut members = Vec::new();
        for license in &self.plan.licenses {
            let path = format!("{}/{}", self.wheel.dist_info.dir, license.place);
            let mut known = self.wheel.members.iter();
            if known.any(|member| member.path.eq_ignore_ascii_case(&path)) {
                continue;
            }
            match self.store.host().license_text(&license.source) {
                Ok(text) => members.push(self.new_metadata(path, text)),
                Err(error) => {
                    let message = format!(
                        "{}, a licence file of {}, cannot be read: {error}",
                        license.source.display(),
                        license.package
                    );
                    problems.push(Finding::error("license-unreadable", message));
                }
            }
        }
        members
    }

    /// `grafts` are members with their bytes made.
    fn sbom(&self, grafts: &[NewMember]) -> Option<NewMember> {
        let edited: BTreeMap<&str, [u8; 32]> = grafts
            .iter()
            .filter_map(|member| match &member.content {
                Content::Packed(packed) => Some((member.path.as_str(), packed.sha256().ok()?)),
                _ => None,
            })
            .collect();
        let text = sbom::document(self.plan, &edited).filter(|_| self.plan.options.sbom)?;
        let path = self.free_path(&format!("{}/wheel-audit", sbom::FOLDER), ".cdx.json");
        Some(self.new_metadata(path, text))
    }

    /// A path in `.dist-info` that the wheel does not have yet: an earlier repair's document stays
    /// beside the new one.
    fn free_path(&self, stem: &str, suffix: &str) -> String {
        let dir = &self.wheel.dist_info.dir;
        let taken = |path: &str| {
            let mut members = self.wheel.members.iter();
            members.any(|member| member.path.eq_ignore_ascii_case(path))
        };
        let first = format!("{dir}/{stem}{suffix}");
        if !taken(&first) {
            return first;
        }
        let mut others = (2_u32..).map(|number| format!("{dir}/{stem}-{number}{suffix}"));
        others.find(|path| !taken(path)).unwrap_or(first)
    }

    fn new_metadata(&self, path: String, text: Vec<u8>) -> NewMember {
        NewMember {
            path,
            executable: false,
            modified: self.plan.date.unwrap_or_else(|| newest(self.wheel)),
            content: Content::Bytes(text.into()),
        }
    }
}

fn write_failure(error: &io::Error) -> Finding {
    Finding::error("output", format!("the result cannot be written: {error}"))
}

fn read_failure(error: &io::Error) -> Finding {
    Finding::error("read-failed", format!("cannot be read: {error}"))
}

fn content(id: MemberId, edit: PlannedEdit) -> Content {
    if edit.patch.is_identity() {
        return Content::Copy(id);
    }
    Content::EditedMember(id, Arc::new(EditedBy(edit.patch)))
}
