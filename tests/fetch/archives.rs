//! COMBINE archives, honest and otherwise.

use std::io::{Cursor, Write as _};

use kexp::fetch::{Cause, archived_model, biomodel};
use zip::write::SimpleFileOptions;

use crate::server::Answer;
use crate::support::{ID, collection, place, small_sbml};

const SBML: &str = "http://identifiers.org/combine.specifications/sbml.level-2.version-4";
const SEDML: &str = "http://identifiers.org/combine.specifications/sed-ml.level-1.version-3";

fn manifest(contents: &[(&str, &str, bool)]) -> Vec<u8> {
    let mut text = "<?xml version=\"1.0\"?>\n<omexManifest \
        xmlns=\"http://identifiers.org/combine.specifications/omex-manifest\">\n\
        <content location=\".\" format=\"http://identifiers.org/combine.specifications/omex\"/>\n"
        .to_owned();
    for (location, format, master) in contents {
        text.push_str(&format!("<content location=\"{location}\" format=\"{format}\" master=\"{master}\"/>\n"));
    }
    (text + "</omexManifest>\n").into_bytes()
}

fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn refused(archive: &[u8], words: &str) {
    let error = archived_model("a.omex", archive).unwrap_err();
    assert!(matches!(error.cause, Cause::Archive { .. }), "{error}");
    assert!(error.to_string().contains(words), "{error}");
}

#[test]
fn the_master_is_taken_and_else_the_first_model() {
    let (first, second) = (small_sbml("first"), small_sbml("second"));
    let with = |contents: &[(&str, &str, bool)]| {
        let manifest = manifest(contents);
        archive(&[("manifest.xml", &manifest), ("a/first.xml", &first), ("second.xml", &second), ("s.sedml", b"<s/>")])
    };
    let of = |archive: Vec<u8>| archived_model("a.omex", &archive).unwrap();
    let master = of(with(&[("./a/first.xml", SBML, false), ("./second.xml", SBML, true)]));
    assert_eq!((master.location.as_str(), &master.content), ("second.xml", &second));
    let simulated =
        of(with(&[("./s.sedml", SEDML, true), ("./a/first.xml", SBML, false), ("second.xml", SBML, false)]));
    assert_eq!((simulated.file_name(), &simulated.content), ("first.xml", &first));
    refused(&with(&[("./s.sedml", SEDML, true)]), "names no SBML");
    refused(&with(&[("../first.xml", SBML, true)]), "outside of the archive");
    refused(&with(&[("/first.xml", SBML, true)]), "outside of the archive");
    refused(&with(&[("missing.xml", SBML, true)]), "cannot be unpacked");
    refused(&with(&[("s.sedml", SBML, true)]), "is not SBML");
}

#[test]
fn members_that_would_land_elsewhere_are_refused() {
    let model = small_sbml("model");
    let manifest = manifest(&[("model.xml", SBML, true)]);
    for name in ["../evil.xml", "a/../../evil.xml", "/etc/evil", "a//b", "C:/evil", "a\\..\\evil", "./../evil"] {
        let archive = archive(&[("manifest.xml", &manifest), ("model.xml", &model), (name, b"evil")]);
        refused(&archive, "outside of the archive's folder");
    }
    let mut writer = zip::ZipWriter::new(Cursor::new(archive(&[("manifest.xml", &manifest), ("model.xml", &model)])));
    writer = zip::ZipWriter::new_append(writer.finish().unwrap()).unwrap_or_else(|_| panic!("an archive"));
    writer.add_symlink("link", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    refused(&writer.finish().unwrap().into_inner(), "is a link");
}

#[test]
fn bombs_are_refused_before_and_while_they_unpack() {
    let manifest = manifest(&[("model.xml", SBML, true)]);
    let zeros = vec![0; 65 * 1024 * 1024];
    let bomb = archive(&[("manifest.xml", &manifest), ("model.xml", &zeros)]);
    assert!(bomb.len() < 100_000, "it is small: {}", bomb.len());
    refused(&bomb, "more than 67108864");

    // The same with a stated size of 1 in both headers: the bytes are counted.
    let mut lying = bomb.clone();
    let size = u32::try_from(zeros.len()).unwrap().to_le_bytes();
    let mut replaced = 0;
    for at in 0..lying.len() - 4 {
        if lying[at..at + 4] == size {
            lying[at..at + 4].copy_from_slice(&1_u32.to_le_bytes());
            replaced += 1;
        }
    }
    assert!(replaced >= 1);
    let error = archived_model("a.omex", &lying).unwrap_err();
    assert!(matches!(error.cause, Cause::Archive { .. }), "{error}");

    let part = vec![0; 40 * 1024 * 1024];
    let names: Vec<String> = (0..14).map(|at| format!("part{at}")).collect();
    let mut members: Vec<(&str, &[u8])> = vec![("manifest.xml", &manifest)];
    members.extend(names.iter().map(|name| (name.as_str(), &part[..])));
    refused(&archive(&members), "together");

    let names: Vec<String> = (0..10_001).map(|at| format!("{at}")).collect();
    let many: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    refused(&archive(&many), "10001 members");
}

#[test]
fn what_is_no_archive_is_refused() {
    refused(b"PK\x03\x04 and nothing", "no zip archive");
    refused(&archive(&[("model.xml", &small_sbml("model"))]), "manifest.xml");
    refused(&archive(&[("manifest.xml", b"<omexManifest><content")]), "manifest cannot be read");
    let laughs = b"<!DOCTYPE a [<!ENTITY b \"bb\"><!ENTITY c \"&b;&b;\">]><a>&c;</a>";
    refused(&archive(&[("manifest.xml", laughs)]), "manifest cannot be read");
    let deep = "<a>".repeat(200_000);
    refused(&archive(&[("manifest.xml", deep.as_bytes())]), "manifest cannot be read");
}

#[test]
fn an_entry_with_an_archive_gives_its_model() {
    let model = small_sbml("archived");
    let manifest = manifest(&[("./models/archived.xml", SBML, true)]);
    let packed = archive(&[("manifest.xml", &manifest), ("models/archived.xml", &model)]);
    let held = packed.clone();
    let kind = "application/octet-stream";
    let server =
        collection("entry.omex", packed.len(), move |_, _| Answer::Whole { status: 200, kind, body: held.clone() });
    let place = place(&server);
    let fetched = biomodel(ID, &place.lock, &place.options).unwrap();
    assert_eq!(fetched.bytes(), model);
    assert!(fetched.path().ends_with("archived.xml"));
    assert_eq!(fetched.source.files.len(), 2);
    place.without_cache();
    assert_eq!(biomodel(ID, &place.lock, &place.options).unwrap().bytes(), model, "as pinned");
    assert_eq!(server.count_of("/model/files"), 1);

    let evil = archive(&[("manifest.xml", &manifest), ("../../evil", b"evil")]);
    let server =
        collection("entry.omex", evil.len(), move |_, _| Answer::Whole { status: 200, kind, body: evil.clone() });
    let place = crate::support::place(&server);
    let error = biomodel(ID, &place.lock, &place.options).unwrap_err();
    assert!(matches!(error.cause, Cause::Archive { .. }), "{error}");
    place.assert_clean();
}
