//! Databases of a sysroot that lead to the same bytes again and again.
#![expect(clippy::cast_possible_truncation, reason = "lengths of a few kB")]

use super::*;

/// The header of a package with libraries in one folder.
fn header(folder: &str, files: u32) -> Vec<u8> {
    let texts = |text: &str, count: u32| format!("{text}\0").repeat(count as usize).into_bytes();
    let tags = [
        (1000_u32, 1, texts("pkg", 1)),
        (1001, 1, texts("1", 1)),
        (1002, 1, texts("2", 1)),
        (1118, 1, texts(folder, 1)),
        (1117, files, texts("a.so", files)),
        (1116, files, vec![0; 4 * files as usize]),
    ];
    let (mut index, mut data) = (Vec::new(), Vec::<u8>::new());
    for (tag, count, values) in &tags {
        for word in [*tag, 0, data.len() as u32, *count] {
            index.extend(word.to_be_bytes());
        }
        data.extend(values);
    }
    let lengths = [tags.len() as u32, data.len() as u32];
    let mut header: Vec<u8> = lengths.iter().flat_map(|word| word.to_be_bytes()).collect();
    header.extend(index);
    header.extend(data);
    header
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}

/// How many packages are read from a database file.
fn packages(name: &str, bytes: &[u8]) -> usize {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("var/lib/rpm");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), bytes).unwrap();
    Databases::read(root.path(), &Dpkg::default())
        .packages
        .len()
}

/// rpm's own container with `slots` that lead to one header.
fn ndb(slots: usize, header: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 4096];
    put(&mut bytes, 0, b"RpmP");
    put(&mut bytes, 12, &1_u32.to_le_bytes());
    for slot in 0..slots {
        let at = 32 + 16 * slot;
        put(&mut bytes, at, b"Slot");
        put(&mut bytes, at + 8, &256_u32.to_le_bytes());
    }
    bytes.extend(b"BlbS\0\0\0\0\0\0\0\0");
    bytes.extend((header.len() as u32).to_le_bytes());
    bytes.extend(header);
    bytes
}

#[test]
fn slots_of_one_blob_do_not_have_it_read_for_each() {
    let header = header("/usr/lib64/", 500);
    assert_eq!(packages("Packages.db", &ndb(1, &header)), 1);
    // The slots take 4 KiB, which is less than the header: there is room for one.
    assert!(header.len() > 4096);
    assert_eq!(packages("Packages.db", &ndb(254, &header)), 1);
}

#[test]
fn cells_of_one_row_do_not_have_it_read_for_each() {
    let blob = header("/usr/lib64/", 20);
    let database = |cells: u16| {
        let mut bytes = vec![0; 8192];
        put(&mut bytes, 0, b"SQLite format 3\0");
        put(&mut bytes, 16, &4096_u16.to_be_bytes());
        // The schema: one table, whose first page is the second.
        let row = b"\x06\x17\x1d\x1d\x01\x0dtablePackagesPackages\x02";
        put(&mut bytes, 100, &[0x0d, 0, 0, 0, 1]);
        put(&mut bytes, 108, &200_u16.to_be_bytes());
        put(&mut bytes, 200, &[row.len() as u8, 1]);
        put(&mut bytes, 202, row);
        // Its rows: no number, and a blob.
        let kind = 12 + 2 * blob.len();
        let mut row = vec![4, 0, 0x80 | (kind >> 7) as u8, (kind & 0x7f) as u8];
        row.extend(&blob);
        put(&mut bytes, 4096, &[0x0d]);
        put(&mut bytes, 4096 + 3, &cells.to_be_bytes());
        for cell in 0..usize::from(cells) {
            put(&mut bytes, 4096 + 8 + 2 * cell, &3000_u16.to_be_bytes());
        }
        let size = [0x80 | (row.len() >> 7) as u8, (row.len() & 0x7f) as u8, 1];
        put(&mut bytes, 4096 + 3000, &size);
        put(&mut bytes, 4096 + 3003, &row);
        bytes
    };
    assert_eq!(packages("rpmdb.sqlite", &database(1)), 1);
    assert_eq!(
        packages("rpmdb.sqlite", &database(1000)),
        8192 / (blob.len() + 4)
    );
}

#[test]
fn pages_of_one_chain_are_not_read_for_each_item() {
    let blob = header("/usr/lib64/", 20);
    let database = |items: usize, next: u32, len: u16| {
        let mut bytes = vec![0; 4096 * 3];
        put(&mut bytes, 12, &0x0006_1561_u32.to_le_bytes());
        put(&mut bytes, 20, &4096_u32.to_le_bytes());
        put(&mut bytes, 25, &[8]);
        put(&mut bytes, 32, &2_u32.to_le_bytes());
        put(&mut bytes, 4096 + 20, &(2 * items as u16).to_le_bytes());
        put(&mut bytes, 4096 + 25, &[13]);
        for slot in 0..2 * items {
            put(&mut bytes, 4096 + 26 + 2 * slot, &4000_u16.to_le_bytes());
        }
        put(&mut bytes, 4096 + 4000, &[3, 0, 0, 0, 2, 0, 0, 0]);
        put(&mut bytes, 4096 + 4008, &(blob.len() as u32).to_le_bytes());
        put(&mut bytes, 8192 + 16, &next.to_le_bytes());
        put(&mut bytes, 8192 + 22, &len.to_le_bytes());
        put(&mut bytes, 8192 + 25, &[7]);
        put(&mut bytes, 8192 + 26, &blob);
        bytes
    };
    let whole = blob.len() as u16;
    assert_eq!(packages("Packages", &database(1, 0, whole)), 1);
    assert_eq!(packages("Packages", &database(500, 0, whole)), 3);
    // A page that leads to itself, a byte at a time.
    assert_eq!(packages("Packages", &database(1, 2, 1)), 0);
}

#[test]
fn one_long_folder_name_is_not_copied_for_each_file() {
    let folder = format!("/{}/", "d".repeat(100_000));
    let blob = header(&folder, 40_000);
    let (package, libraries) = header::package(&blob).unwrap();
    assert_eq!(package.name, "pkg");
    assert_eq!(libraries.folders(), 1);
    let mut owners = Owners::default();
    owners.add(&libraries, 0);
    assert_eq!(owners.of(&format!("{folder}a.so")), Some(0));
}

#[test]
fn licences_take_no_more_room_than_their_header() {
    let folder = format!("/{}/", "d".repeat(10_000));
    let mut blob = header(&folder, 900);
    // The seventh tag: the flags of each file, behind all else.
    let (index, data) = (8 + 6 * 16, 8 + 6 * 16);
    let flags = blob.len() - data;
    blob.extend([0, 0, 0, 0x80].repeat(900));
    let words = [1037, 4, flags as u32, 900];
    let entry: Vec<u8> = words
        .iter()
        .flat_map(|word: &u32| word.to_be_bytes())
        .collect();
    blob.splice(index..index, entry);
    put(&mut blob, 0, &7_u32.to_be_bytes());
    let len = (blob.len() - data - 16) as u32;
    put(&mut blob, 4, &len.to_be_bytes());
    let (package, _) = header::package(&blob).unwrap();
    assert_eq!(
        package.license_files.len(),
        blob.len() / (folder.len() + "a.so".len())
    );
}
