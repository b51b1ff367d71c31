use super::*;
use std::collections::BTreeMap;

fn cache() -> (tempfile::TempDir, LocalCache) {
    let directory = tempfile::tempdir().unwrap();
    let cache = LocalCache::open(directory.path());
    (directory, cache)
}

/// An action with two outputs, and the bytes of those.
fn kept(cache: &LocalCache) -> (ActionKey, BTreeMap<&'static str, Vec<u8>>) {
    let outputs = BTreeMap::from([("long", vec![b'x'; 10_000]), ("out", b"a result".to_vec())]);
    let key = ActionKey([7; 32]);
    let blobs: Vec<(&str, Blob)> = outputs.iter().map(|(name, bytes)| (*name, Blob::new(bytes))).collect();
    let named = [("named", Output::Named(Digest::of(b"named")))];
    let whole = blobs.iter().map(|(name, blob)| (*name, Output::Whole(blob)));
    cache.put_action(&key, &named.into_iter().chain(whole).collect::<Vec<_>>()).unwrap();
    (key, outputs)
}

fn bytes(found: BlobLookup<(Blob, Vec<u8>)>) -> Option<Vec<u8>> {
    match found {
        BlobLookup::Found((blob, bytes)) => {
            assert_eq!((blob.digest(), blob.bytes().unwrap()), (Digest::of(&bytes), bytes.clone()));
            Some(bytes)
        }
        BlobLookup::Missing | BlobLookup::Corrupted => None,
    }
}

#[test]
fn gives_back_what_it_was_given() {
    let (_directory, cache) = cache();
    let (key, outputs) = kept(&cache);
    let record = cache.action(&key).unwrap().unwrap();
    assert_eq!(record.outputs.len(), 3);
    assert_eq!(record.outputs["named"], Digest::of(b"named"));
    assert_eq!(cache.output(&key, "named").unwrap(), BlobLookup::Missing);
    for (name, expected) in &outputs {
        assert_eq!(record.outputs[*name], Digest::of(expected));
        assert_eq!(bytes(cache.output(&key, name).unwrap()).as_ref(), Some(expected));
    }
    assert_eq!(cache.output(&key, "other").unwrap(), BlobLookup::Missing);
    assert_eq!(cache.action(&ActionKey([8; 32])).unwrap(), None);
    assert_eq!(cache.output(&ActionKey([8; 32]), "out").unwrap(), BlobLookup::Missing);
    let digest = cache.put_blob(b"a blob").unwrap();
    assert_eq!(cache.blob(&digest).unwrap(), BlobLookup::Found(b"a blob".to_vec()));
    assert_eq!(cache.blob(&Digest::of(b"other")).unwrap(), BlobLookup::Missing);
}

#[test]
fn no_changed_byte_goes_unnoticed() {
    let (_directory, cache) = cache();
    let digest = cache.put_blob(b"a blob").unwrap();
    let blob = std::fs::read(cache.blob_path(&digest)).unwrap();
    for at in 0..blob.len() {
        let mut changed = blob.clone();
        changed[at] ^= 1;
        std::fs::write(cache.blob_path(&digest), &changed).unwrap();
        let found = cache.blob(&digest).unwrap();
        // A bit that the compression does not look at gives the same content, which is all that counts.
        assert!(matches!(found, BlobLookup::Corrupted) || found == BlobLookup::Found(b"a blob".to_vec()), "{at}");
    }
    let (key, outputs) = kept(&cache);
    let path = cache.action_path(&key);
    let stored = std::fs::read(&path).unwrap();
    let frames: usize = outputs.values().map(|bytes| Blob::new(bytes).frame().unwrap().len()).sum();
    for at in 0..stored.len() {
        let mut changed = stored.clone();
        changed[at] ^= 1;
        std::fs::write(&path, &changed).unwrap();
        if at < stored.len() - frames {
            assert_eq!(cache.action(&key).unwrap(), None, "{at}");
            assert!(!path.exists(), "a damaged record is removed");
        }
        for (name, expected) in &outputs {
            let found = bytes(cache.output(&key, name).unwrap());
            assert!(found.is_none() || found.as_ref() == Some(expected), "{at}");
        }
    }
}

#[test]
fn a_file_that_is_cut_off_or_too_long_is_a_miss() {
    let (_directory, cache) = cache();
    let (key, _) = kept(&cache);
    let path = cache.action_path(&key);
    let stored = std::fs::read(&path).unwrap();
    let longer = [stored.as_slice(), b"x"].concat();
    for changed in (0..stored.len()).map(|end| &stored[..end]).chain([longer.as_slice()]) {
        std::fs::write(&path, changed).unwrap();
        assert_eq!(cache.action(&key).unwrap(), None, "{}", changed.len());
        assert!(!path.exists());
        std::fs::write(&path, changed).unwrap();
        assert_eq!(cache.output(&key, "out").unwrap(), BlobLookup::Corrupted, "{}", changed.len());
        assert!(!path.exists());
    }
}

#[test]
fn odd_things_in_a_files_place_are_a_miss() {
    let (_directory, cache) = cache();
    let digest = cache.put_blob(b"a blob").unwrap();
    std::fs::write(cache.blob_path(&digest), b"").unwrap();
    assert_eq!(cache.blob(&digest).unwrap(), BlobLookup::Corrupted);
    std::fs::create_dir(cache.blob_path(&digest)).unwrap();
    assert_eq!(cache.blob(&digest).unwrap(), BlobLookup::Corrupted);
    let (key, _) = kept(&cache);
    std::fs::remove_file(cache.action_path(&key)).unwrap();
    std::fs::create_dir(cache.action_path(&key)).unwrap();
    assert_eq!(cache.action(&key).unwrap(), None);
    assert!(!cache.action_path(&key).exists());
    let (key, _) = kept(&cache);
    let other = ActionKey([9; 32]);
    let place = cache.action_path(&other);
    std::fs::create_dir_all(place.parent().unwrap()).unwrap();
    std::fs::rename(cache.action_path(&key), &place).unwrap();
    assert_eq!(cache.action(&other).unwrap(), None, "a record holds for its own key only");
}

#[test]
fn concurrent_writers_leave_whole_files() {
    let (_directory, cache) = cache();
    let bytes: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..4 {
                    let digest = cache.put_blob(&bytes).unwrap();
                    assert_eq!(cache.blob(&digest).unwrap(), BlobLookup::Found(bytes.clone()));
                }
            });
        }
    });
    assert_eq!(cache.usage().unwrap().blobs, 1);
}

#[test]
fn is_cleared_out_by_age_and_removed_only_where_marked() {
    let (directory, cache) = cache();
    let (key, _) = kept(&cache);
    let now =
        i64::try_from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()).unwrap();
    let day = crate::model::Duration::from_days(1);
    assert_eq!(cache.collect(day, now).unwrap(), Usage::default());
    let removed = cache.collect(day, now + 3 * 86_400).unwrap();
    assert_eq!((removed.blobs, removed.actions), (0, 1));
    assert_eq!(cache.action(&key).unwrap(), None);

    let foreign = directory.path().join("v1/blobs/aa");
    std::fs::remove_file(directory.path().join("v1").join(file::TAG_NAME)).unwrap();
    std::fs::create_dir_all(&foreign).unwrap();
    cache.clear().unwrap();
    assert!(foreign.exists());
    kept(&cache);
    cache.clear().unwrap();
    assert_eq!(cache.usage().unwrap(), Usage::default());
}
