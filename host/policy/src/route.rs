//! Which requests a route stands for, and when one route stands for all of another's.

use vouchsafe_package::manifest::Route;

/// Whether `route` allows a request of `method` to the normalised `path`.
///
/// A last `*` stands for any rest of one or more segments, a `*` between slashes for one.
#[must_use]
pub fn matches(route: &Route, method: &str, path: &str) -> bool {
    route.method == method && segments_match(&segments(&route.path), &segments(path))
}

/// Whether every request that `inner` allows is one that `outer` allows.
#[must_use]
pub fn covers(outer: &Route, inner: &Route) -> bool {
    outer.method == inner.method && segments_cover(&segments(&outer.path), &segments(&inner.path))
}

fn segments(path: &str) -> Vec<&str> {
    path.split('/').skip(1).collect()
}

fn segments_match(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern, path) {
        ([], []) | (["*"], [_, ..]) => true,
        (["*", pattern @ ..], [_, path @ ..]) => segments_match(pattern, path),
        ([word, pattern @ ..], [segment, path @ ..]) => {
            word == segment && segments_match(pattern, path)
        }
        _ => false,
    }
}

fn segments_cover(outer: &[&str], inner: &[&str]) -> bool {
    match (outer, inner) {
        ([], []) | (["*"], [_, ..]) => true,
        (_, ["*"]) => false,
        (["*", outer @ ..], [_, inner @ ..]) => segments_cover(outer, inner),
        ([word, outer @ ..], [segment, inner @ ..]) => {
            word == segment && segments_cover(outer, inner)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn route(text: &str) -> Route {
        text.parse().unwrap()
    }

    #[test]
    fn a_last_star_is_any_rest_and_an_inner_star_one_segment() {
        let rest = route("GET /payments/*");
        assert!(matches(&rest, "GET", "/payments/1"));
        assert!(matches(&rest, "GET", "/payments/1/lines"));
        assert!(!matches(&rest, "GET", "/payments"));
        assert!(!matches(&rest, "POST", "/payments/1"));
        assert!(!matches(&rest, "GET", "/refunds/1"));
        let inner = route("GET /a/*/c");
        assert!(matches(&inner, "GET", "/a/b/c"));
        assert!(!matches(&inner, "GET", "/a/b/b/c"));
    }

    fn word() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec!["a", "b", "*"])
    }

    fn pattern() -> impl Strategy<Value = Route> {
        let path = prop::collection::vec(word(), 1..4)
            .prop_map(|words| format!("GET /{}", words.join("/")));
        path.prop_map(|text| route(&text))
    }

    /// Every path of up to four segments over an alphabet with one word that no pattern has.
    fn paths() -> Vec<String> {
        let mut all = vec![String::new()];
        let mut longest = all.clone();
        for _ in 0..4 {
            longest = longest
                .iter()
                .flat_map(|path| ["a", "b", "c"].map(|word| format!("{path}/{word}")))
                .collect();
            all.extend(longest.clone());
        }
        all
    }

    proptest! {
        #[test]
        fn covering_is_exactly_allowing_all_that_the_other_allows(outer in pattern(), inner in pattern()) {
            let all = paths().iter().all(|path| !matches(&inner, "GET", path) || matches(&outer, "GET", path));
            prop_assert_eq!(covers(&outer, &inner), all);
        }
    }
}
