use super::*;
use std::collections::BTreeMap;

fn cache() -> (tempfile::TempDir, LocalCache) {
    let directory = tempfile::tempdir().unwrap();
    let cache = LocalCache::open(directory.path());
    (directory, cache)
}

fn kept(cache: &LocalCache) -> (ActionKey, ActionRecord) {
    let digest = cache.put_blob(b"a result").unwrap();
    let record = ActionRecord { outputs: BTreeMap::from([("out".to_owned(), digest)]) };
    let key = ActionKey([7; 32]);
    cache.put_action(&key, &record).unwrap();
    (key, record)
}

#[test]
fn gives_back_what_it_was_given() {
    let (_directory, cache) = cache();
    let (key, record) = kept(&cache);
    assert_eq!(cache.action(&key).unwrap().as_ref(), Some(&record));
    assert_eq!(cache.blob(&record.outputs["out"]).unwrap(), BlobLookup::Found(b"a result".to_vec()));
    assert_eq!(cache.action(&ActionKey([8; 32])).unwrap(), None);
    assert_eq!(cache.blob(&Digest::of(b"other")).unwrap(), BlobLookup::Missing);
}

#[test]
fn no_changed_byte_goes_unnoticed() {
    let (_directory, cache) = cache();
    let (key, record) = kept(&cache);
    let digest = record.outputs["out"];
    let blob = std::fs::read(cache.blob_path(&digest)).unwrap();
    for at in 0..blob.len() {
        let mut changed = blob.clone();
        changed[at] ^= 1;
        std::fs::write(cache.blob_path(&digest), &changed).unwrap();
        let found = cache.blob(&digest).unwrap();
        // A bit that the compression does not look at gives the same content, which is all that counts.
        assert!(matches!(found, BlobLookup::Corrupted) || found == BlobLookup::Found(b"a result".to_vec()), "{at}");
    }
    cache.put_blob(b"a result").unwrap();
    let stored = std::fs::read(cache.action_path(&key)).unwrap();
    for at in 0..stored.len() {
        let mut changed = stored.clone();
        changed[at] ^= 1;
        std::fs::write(cache.action_path(&key), &changed).unwrap();
        assert_eq!(cache.action(&key).unwrap(), None, "{at}");
        assert!(!cache.action_path(&key).exists(), "a damaged record is removed");
    }
}

#[test]
fn odd_things_in_a_files_place_are_a_miss() {
    let (_directory, cache) = cache();
    let (key, record) = kept(&cache);
    let digest = record.outputs["out"];
    std::fs::write(cache.blob_path(&digest), b"").unwrap();
    assert_eq!(cache.blob(&digest).unwrap(), BlobLookup::Corrupted);
    std::fs::create_dir(cache.blob_path(&digest)).unwrap();
    assert_eq!(cache.blob(&digest).unwrap(), BlobLookup::Corrupted);
    assert_eq!(cache.action(&key).unwrap(), None, "its output is gone");
    let (key, record) = kept(&cache);
    std::fs::rename(cache.action_path(&key), cache.root.join("moved")).unwrap();
    let other = ActionKey([9; 32]);
    cache.put_action(&other, &record).unwrap();
    std::fs::rename(cache.root.join("moved"), cache.action_path(&other)).unwrap();
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
    assert_eq!((removed.blobs, removed.actions), (1, 1));
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
