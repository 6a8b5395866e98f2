//! Dynamic symbols: what a file wants from others, and the few names of its own that say
//! what it is.
//!
//! No table says how many symbols there are. The hash tables know of those that can be
//! looked up, relocations of those that are used; together that is all the loader reaches.
//!
//! Spec: <https://refspecs.linuxfoundation.org/elf/gabi4+/ch5.dynamic.html#hash>
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::mem::size_of;
use std::ops::ControlFlow;

use crate::abi::dt;
use crate::error::ElfError;
use crate::facts::Import;
use crate::image::{Image, bytes_at};
use crate::read::dynamic::strings::escaped;
use crate::read::hash::Reached;
use crate::read::header::{Symbol, decode_symbol};
use crate::read::versions::VersionNeed;
use crate::read::view::View;

/// More symbols are refused. The largest libraries known have a tenth of this.
const MOST_SYMBOLS: u64 = 1 << 22;
/// More bytes of kept names are refused.
const MOST_NAME_BYTES: usize = 32 << 20;
/// More symbols that a file wants from others are refused.
const MOST_IMPORTS: usize = 1 << 20;
/// How functions are called that say what a file is: a Python module, Python itself.
const KEPT_FUNCTIONS: [&[u8]; 4] = [b"Py", b"_Py", b"init", b"_cffi_pypyinit_"];

/// Dynamic symbols in a compact form.
#[derive(Clone, Debug, Default)]
pub(crate) struct Symbols {
    /// All names, one after the other.
    names: String,
    imports: Box<[RawImport]>,
    /// Kept functions that are defined here, sorted by name.
    functions: Box<[Name]>,
    /// Whether the loader has to call functions of the file to bind it.
    resolvers: bool,
    /// Whether its code wants thread-local variables at a fixed distance from the thread pointer.
    initial_exec: bool,
    /// Which `(need, version)` a [`RawImport::version`] means: indices into
    /// `Facts::version_needs` and `VersionNeed::versions`.
    versions: Box<[(u32, u32)]>,
}

/// A part of [`Symbols::names`].
#[derive(Clone, Copy, Debug)]
struct Name {
    start: u32,
    len: u32,
}

#[derive(Clone, Copy, Debug)]
struct RawImport {
    name: Name,
    /// One more than an index into [`Symbols::versions`]; zero for none.
    version: u16,
    weak: bool,
    function: bool,
}

impl Symbols {
    /// Reads the symbols of a file that needs `needs`.
    ///
    /// # Errors
    /// [`ElfError::Malformed`] for tables and names outside the file, and for more symbols
    /// than any linker writes.
    pub(crate) fn read(view: &View<'_>, needs: &[VersionNeed]) -> Result<Self, ElfError> {
        let Some(table) = view.dynamic_value(dt::SYMTAB) else {
            return Ok(Self::default());
        };
        let reached = reached(view)?;
        let mut reader = Reader::new(view, needs, reached.symbols)?;
        reader.resolvers = reached.resolver;
        reader.initial_exec = reached.initial_exec;
        each(view, table, reached.symbols, |symbol| {
            reader.add(symbol).map(|()| ControlFlow::Continue(()))
        })?;
        Ok(reader.finish())
    }

    pub(crate) fn imports<'a>(
        &'a self,
        needs: &'a [VersionNeed],
    ) -> impl Iterator<Item = Import<'a>> {
        self.imports.iter().map(move |import| Import {
            name: self.text(import.name),
            version: self.version(import.version, needs),
            weak: import.weak,
            function: import.function,
        })
    }

    fn version<'a>(&self, at: u16, needs: &'a [VersionNeed]) -> Option<(&'a str, &'a str)> {
        let at = usize::from(at).checked_sub(1)?;
        let (need, version) = *self.versions.get(at)?;
        let need = needs.get(usize::try_from(need).ok()?)?;
        let version = need.versions.get(usize::try_from(version).ok()?)?;
        Some((&version.name, &need.library))
    }

    pub(crate) fn functions(&self) -> impl Iterator<Item = &str> {
        self.functions.iter().map(|name| self.text(*name))
    }

    pub(crate) fn defines_function(&self, name: &str) -> bool {
        let found = self
            .functions
            .binary_search_by(|own| self.text(*own).cmp(name));
        found.is_ok()
    }

    pub(crate) fn has_initial_exec_tls(&self) -> bool {
        self.initial_exec
    }

    pub(crate) fn has_resolvers(&self) -> bool {
        self.resolvers
    }

    fn text(&self, name: Name) -> &str {
        text_of(&self.names, name)
    }

    pub(crate) fn heap_size(&self) -> usize {
        let imports = self.imports.len().saturating_mul(size_of::<RawImport>());
        let functions = self.functions.len().saturating_mul(size_of::<Name>());
        let versions = self.versions.len().saturating_mul(size_of::<(u32, u32)>());
        [self.names.capacity(), imports, functions, versions]
            .into_iter()
            .fold(0, usize::saturating_add)
    }
}

/// Whether the file in `image` defines a global symbol with one of `names`, whatever its version. The
/// facts of a file keep few of its own names: this reads the table anew.
///
/// # Errors
/// [`ElfError`] if its symbols cannot be read.
pub fn defines_any(image: &dyn Image, names: &BTreeSet<&str>) -> Result<bool, ElfError> {
    let view = View::read(image)?;
    let Some(table) = view.dynamic_value(dt::SYMTAB) else {
        return Ok(false);
    };
    let longest = names.iter().map(|name| name.len()).max().unwrap_or(0);
    let mut found = false;
    each(&view, table, reached(&view)?.symbols, |symbol| {
        if symbol.is_global() && symbol.defined {
            let name = view.string_start(symbol.name.into(), longest.saturating_add(1));
            let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
            found = str::from_utf8(name).is_ok_and(|name| names.contains(name));
        }
        Ok(if found {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    })?;
    Ok(found)
}

/// What the loader reaches.
fn reached(view: &View<'_>) -> Result<Reached, ElfError> {
    let reached = crate::read::hash::reached(view)?;
    if reached.symbols > MOST_SYMBOLS {
        let reason = format!(
            "{} dynamic symbols: no linker writes that many",
            reached.symbols
        );
        return Err(ElfError::Malformed(reason));
    }
    Ok(reached)
}

/// Calls `look` with the first `count` symbols of the table at `table`, until it breaks or fails.
fn each(
    view: &View<'_>,
    table: u64,
    count: u64,
    mut look: impl FnMut(Symbol) -> Result<ControlFlow<()>, ElfError>,
) -> Result<(), ElfError> {
    let size = view.encoding().symbol_size();
    let len = count.saturating_mul(size);
    let Some(offset) = view.offset_to_read(table, len)? else {
        return Err(ElfError::malformed(
            "the dynamic symbols (DT_SYMTAB) reach past their segment",
        ));
    };
    let mut failed = None;
    view.records(offset, len, size, |bytes| {
        let symbol = decode_symbol(view.encoding(), bytes);
        let next = symbol.map_or(Ok(ControlFlow::Continue(())), &mut look);
        next.unwrap_or_else(|error| {
            failed = Some(error);
            ControlFlow::Break(())
        })
    })?;
    failed.map_or(Ok(()), Err)
}

fn text_of(names: &str, name: Name) -> &str {
    let start = usize::try_from(name.start).unwrap_or(usize::MAX);
    let len = usize::try_from(name.len).unwrap_or(usize::MAX);
    let rest = names.get(start..).unwrap_or_default();
    rest.get(..len).unwrap_or_default()
}

/// Collects symbols.
struct Reader<'v, 'i> {
    view: &'v View<'i>,
    /// `.gnu.version`; empty if there is none.
    version_indices: Cow<'i, [u8]>,
    /// Version index and what it means, sorted by index.
    versions: Vec<(u16, (u32, u32))>,
    names: String,
    imports: Vec<RawImport>,
    functions: Vec<Name>,
    resolvers: bool,
    initial_exec: bool,
    /// How many symbols were added.
    position: usize,
}

impl<'v, 'i> Reader<'v, 'i> {
    fn new(view: &'v View<'i>, needs: &[VersionNeed], count: u64) -> Result<Self, ElfError> {
        let version_indices = match view.dynamic_value(dt::VERSYM) {
            None => Cow::Borrowed(&[][..]),
            Some(vaddr) => {
                let len = count.saturating_mul(2);
                let offset = view.offset_to_read(vaddr, len)?.ok_or_else(|| {
                    ElfError::malformed(
                        "the symbols' versions (DT_VERSYM) reach past their segment",
                    )
                })?;
                bytes_at(view.image, offset, len, "symbols' versions")?
            }
        };
        Ok(Self {
            view,
            version_indices,
            versions: versions_by_index(needs),
            names: String::new(),
            imports: Vec::new(),
            functions: Vec::new(),
            resolvers: false,
            initial_exec: false,
            position: 0,
        })
    }

    fn add(&mut self, symbol: Symbol) -> Result<(), ElfError> {
        let position = self.position;
        self.position = position.saturating_add(1);
        if !symbol.is_global() || symbol.name == 0 {
            return Ok(());
        }
        if symbol.defined {
            self.resolvers |= symbol.is_resolver();
            if symbol.is_function() {
                self.add_function(symbol)?;
            }
            return Ok(());
        }
        if self.imports.len() >= MOST_IMPORTS {
            return Err(ElfError::malformed(
                "it wants more symbols from others than any linker writes",
            ));
        }
        let name = self.name_of(symbol)?;
        let name = self.keep(&name)?;
        self.imports.push(RawImport {
            name,
            version: self.version_at(position),
            weak: symbol.is_weak(),
            function: symbol.is_function() || symbol.is_untyped(),
        });
        Ok(())
    }

    fn add_function(&mut self, symbol: Symbol) -> Result<(), ElfError> {
        let longest = KEPT_FUNCTIONS.iter().map(|start| start.len()).max();
        let start = self
            .view
            .string_start(symbol.name.into(), longest.unwrap_or(0));
        if KEPT_FUNCTIONS.iter().any(|kept| start.starts_with(kept)) {
            let name = self.name_of(symbol)?;
            let name = self.keep(&name)?;
            self.functions.push(name);
        }
        Ok(())
    }

    fn name_of(&self, symbol: Symbol) -> Result<Cow<'v, [u8]>, ElfError> {
        // C++ has names longer than any path: the table is the only limit.
        self.view
            .string(symbol.name.into(), u64::MAX, "the name of a dynamic symbol")
    }

    fn keep(&mut self, name: &[u8]) -> Result<Name, ElfError> {
        let text = match str::from_utf8(name) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => Cow::Owned(escaped(name)),
        };
        let total = self.names.len().saturating_add(text.len());
        let range = u32::try_from(self.names.len()).ok();
        let range = range.zip(u32::try_from(text.len()).ok());
        let Some((start, len)) = range.filter(|_| total <= MOST_NAME_BYTES) else {
            return Err(ElfError::malformed(
                "the names of its dynamic symbols are longer than any linker writes",
            ));
        };
        self.names.push_str(&text);
        Ok(Name { start, len })
    }

    /// One more than an index into `self.versions`, for the symbol at `position`.
    fn version_at(&self, position: usize) -> u16 {
        let at = position.saturating_mul(2);
        let index = self.view.encoding().u16(&self.version_indices, at);
        let Some(index) = index.map(|index| index & 0x7fff) else {
            return 0;
        };
        let found = self.versions.binary_search_by_key(&index, |(own, _)| *own);
        let place = found.ok().and_then(|place| u16::try_from(place).ok());
        place.and_then(|place| place.checked_add(1)).unwrap_or(0)
    }

    fn finish(mut self) -> Symbols {
        self.names.shrink_to_fit();
        let names = self.names;
        self.functions
            .sort_unstable_by(|one, other| text_of(&names, *one).cmp(text_of(&names, *other)));
        Symbols {
            imports: self.imports.into(),
            functions: self.functions.into(),
            resolvers: self.resolvers,
            initial_exec: self.initial_exec,
            versions: self.versions.iter().map(|(_, version)| *version).collect(),
            names,
        }
    }
}

/// What each version index means, sorted by index. The loader keeps the last of several.
fn versions_by_index(needs: &[VersionNeed]) -> Vec<(u16, (u32, u32))> {
    let mut versions = Vec::new();
    for (need, record) in (0_u32..).zip(needs) {
        for (version, needed) in (0_u32..).zip(&record.versions) {
            // 0 and 1 mean "local" and "global".
            if needed.index > 1 {
                versions.push((needed.index, (need, version)));
            }
        }
    }
    versions.reverse();
    versions.sort_by_key(|(index, _)| *index);
    versions.dedup_by_key(|(index, _)| *index);
    versions
}
