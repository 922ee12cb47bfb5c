import KubeRuntime

/// Silence, and bookmarks that are absent or late.
extension WatchFault {
    static let silences: [WatchFault] = [
        WatchFault(
            name: "No bookmark and no event: nothing happens, and nothing says so",
            expected: "A live read shows the store's own version: the store is proven, and the watch goes on.",
            patience: .short,
            steps: [
                .list([Thing("a", 1)], 7), .stream([]), .answer(200, Wire.list([], 7)), .answer(200, Wire.list([], 7)),
            ],
            log: ["list: 200", "watch from 7: 200", "live read: 200", "live read (proven): 200"],
            store: ["a": "1"],
            relists: [.initial: 1]
        ),
        WatchFault(
            name: "No event, and no bookmark before the server is asked, as of Kubernetes 1.31 and later",
            expected: "A live read makes the server send one to the open watch: nothing is opened again or listed.",
            patience: .short,
            steps: [
                .list([Thing("a", 1)], 7), .stream([], "200, a bookmark later", then: .later(1, Wire.bookmark(9))),
                .answer(200, Wire.list([], 9)), .answer(200, Wire.list([], 9)),
            ],
            log: ["list: 200", "watch from 7: 200, a bookmark later", "live read: 200", "live read: 200"],
            store: ["a": "1"],
            relists: [.initial: 1]
        ),
        WatchFault(
            name: "Half-open TCP: the connection is dead and no end comes, while something happens",
            expected: "A live read shows a newer version; a new watch brings what was missed, and nothing is listed.",
            patience: .short,
            steps: [
                .list([Thing("a", 1)], 7), .stream([]), .answer(200, Wire.list([Thing("b", 9)], 9)),
                .stream([Wire.event("ADDED", Thing("b", 9))]),
            ],
            log: ["list: 200", "watch from 7: 200", "live read: 200", "watch from 7 (unproven): 200"],
            store: ["a": "1", "b": "9"],
            relists: [.initial: 1]
        ),
        WatchFault(
            name: "A watch that is silent though the live read shows a newer version, and a new watch too",
            expected: "A list, since no watch brings it; nothing is started until the list has ended.",
            patience: .short,
            steps: [
                .list([Thing("a", 1)], 7), .stream([]), .answer(200, Wire.list([], 9)), .stream([]),
                .list([Thing("b", 9)], 9), .stream([]),
            ],
            log: [
                "list: 200", "watch from 7: 200", "live read: 200", "watch from 7 (unproven): 200",
                "list (unproven): 200", "watch from 9: 200",
            ],
            store: ["b": "9"],
            relists: [.initial: 1, .silent: 1]
        ),
        WatchFault(
            name: "A server that sends no bookmarks where nothing happens, asked or not",
            expected: "One list, which shows nothing new: silence is no sign of anything from then on, for an hour.",
            patience: .short,
            steps: [
                .list([Thing("a", 1)], 7), .stream([]), .answer(200, Wire.list([], 9)), .stream([]),
                .list([Thing("a", 1)], 9), .stream([], "200, ended late", then: .endLater(2)), .stream([]),
            ],
            log: [
                "list: 200", "watch from 7: 200", "live read: 200", "watch from 7 (unproven): 200",
                "list (unproven): 200", "watch from 9: 200, ended late", "watch from 9 (quiet): 200",
            ],
            store: ["a": "1"],
            relists: [.initial: 1, .silent: 1]
        ),
        WatchFault(
            name: "A silent watch of a server that does not answer the live read either",
            expected: "The live read is repeated; the store is unproven, and is not listed, until there is an answer.",
            patience: .short,
            steps: [
                .list([Thing("a", 1)], 7), .stream([]), .answer(503, Wire.status(503, "ServiceUnavailable", "away")),
                .answer(500, Wire.status(500, "InternalError", "etcd")), .answer(200, Wire.list([], 7)),
                .answer(200, Wire.list([], 7)),
            ],
            log: [
                "list: 200", "watch from 7: 200", "live read: 503", "live read (unproven): 500",
                "live read (unproven): 200", "live read (proven): 200",
            ],
            store: ["a": "1"],
            relists: [.initial: 1]
        ),
        WatchFault(
            name: "A proxy that ends every watch at once",
            expected: "Opened again after the backoff; after the second time a list decides.",
            steps: [
                .list([Thing("a", 1)], 7), .stream([], "200, ended", then: .clean),
                .stream([], "200, ended", then: .clean), .list([Thing("a", 8)], 9), .stream([]),
            ],
            log: [
                "list: 200", "watch from 7: 200, ended", "watch from 7: 200, ended", "list: 200", "watch from 9: 200",
            ],
            store: ["a": "8"],
            relists: [.initial: 1, .silent: 1]
        ),
    ]

    /// Streaming lists of servers that have none, or break them.
    static let streamingLists: [WatchFault] = [
        WatchFault(
            name: "Streaming list: as it should be",
            expected:
                "The store is read when the bookmark that ends the initial events has come; one request does all.",
            streamingLists: true,
            steps: [
                .stream([
                    Wire.event("ADDED", Thing("b", 6)) + Wire.event("ADDED", Thing("a", 2)),
                    Wire.bookmark(7, isEnd: true),
                    Wire.event("MODIFIED", Thing("a", 8)),
                ])
            ],
            log: ["stream: 200"],
            store: ["a": "8", "b": "6"],
            relists: [.initial: 1]
        ),
        WatchFault(
            name: "Streaming list: the bookmark that ends it is missing (the server ignores the parameter)",
            expected: "Lists by pages after `catchUpTimeout`, and from then on.",
            streamingLists: true,
            patience: .short,
            steps: [
                .stream([Wire.event("ADDED", Thing("a", 2))]), .list([Thing("b", 3)], 7),
                .answer(410, Wire.expired), .list([Thing("b", 3)], 30), .stream([]),
            ],
            log: ["stream: 200", "list: 200", "watch from 7: 410", "list: 200", "watch from 30: 200"],
            store: ["b": "3"],
            relists: [.initial: 1, .expired: 1]
        ),
        WatchFault(
            name: "Streaming list: a bookmark comes before the one that ends it",
            expected: "Lists by pages at once: only a server that takes it for a watch does that.",
            streamingLists: true,
            steps: [
                .stream([Wire.event("ADDED", Thing("a", 2)) + Wire.bookmark(5)]), .list([Thing("a", 2)], 7),
                .stream([]),
            ],
            log: ["stream: 200", "list: 200", "watch from 7: 200"],
            store: ["a": "2"],
            relists: [.initial: 1]
        ),
        WatchFault(
            name: "Streaming list: refused (422, as by Kubernetes 1.20; 400 by others)",
            expected: "Lists by pages at once, and from then on.",
            streamingLists: true,
            steps: [
                .answer(422, Wire.status(422, "Invalid", "resourceVersionMatch is forbidden for watch")),
                .list([Thing("a", 2)], 7), .answer(410, Wire.expired), .list([Thing("a", 2)], 30), .stream([]),
            ],
            log: ["stream: 422", "list: 200", "watch from 7: 410", "list: 200", "watch from 30: 200"],
            store: ["a": "2"],
            relists: [.initial: 1, .expired: 1]
        ),
        WatchFault(
            name: "Streaming list: refused by an ERROR event (500: the server's etcd is too old for it)",
            expected: "Lists by pages at once and without a pause, and from then on.",
            streamingLists: true,
            steps: [
                .stream([Wire.error(Wire.status(500, "InternalError", noProgress))], "ERROR 500"),
                .list([Thing("a", 2)], 7), .answer(410, Wire.expired), .list([Thing("a", 2)], 30), .stream([]),
            ],
            log: ["stream: ERROR 500", "list: 200", "watch from 7: 410", "list: 200", "watch from 30: 200"],
            store: ["a": "2"],
            relists: [.initial: 1, .expired: 1]
        ),
        WatchFault(
            name: "Streaming list: broken twice before its end",
            expected: "By pages this time, and as a stream the next time.",
            streamingLists: true,
            steps: [
                .stream([Wire.event("ADDED", Thing("a", 2))], "200, cut", then: .cut),
                .stream([Wire.event("ADDED", Thing("a", 2))], "200, cut", then: .cut), .list([Thing("a", 2)], 7),
                .answer(410, Wire.expired),
                .stream([Wire.event("ADDED", Thing("c", 3)) + Wire.bookmark(30, isEnd: true)]),
            ],
            log: ["stream: 200, cut", "stream: 200, cut", "list: 200", "watch from 7: 410", "stream: 200"],
            store: ["c": "3"],
            relists: [.initial: 1, .interrupted: 2, .expired: 1]
        ),
    ]

    /// As kube-apiserver says it where etcd is of 3.4 (kubernetes/apiserver, pkg/storage/cacher/cacher.go).
    private static let noProgress =
        "a watch stream was requested by the client but the required storage feature RequestWatchProgress is disabled"

    static let all = versions + bytes + silences + streamingLists
}
