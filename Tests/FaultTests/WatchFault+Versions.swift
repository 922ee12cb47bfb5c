import KubeRuntime

/// Versions that a server has forgotten or not reached, and lists in parts.
extension WatchFault {
    static let versions: [WatchFault] = [
        WatchFault(
            name: "410 as the HTTP status of a watch",
            expected: "A list at once; what it does not show is removed, and what it shows stays visible meanwhile.",
            steps: [
                .list([Thing("a", 1), Thing("b", 2)], 7), .answer(410, Wire.expired), .list([Thing("b", 2)], 30),
                .stream([]),
            ],
            log: ["list: 200", "watch from 7: 410", "list: 200", "watch from 30: 200"],
            store: ["b": "2"],
            relists: [.initial: 1, .expired: 1]
        ),
        WatchFault(
            name: "410 as an ERROR event in a stream of status 200",
            expected: "As above.",
            steps: [
                .list([Thing("a", 1), Thing("b", 2)], 7), .stream([Wire.error(Wire.expired)], "ERROR 410"),
                .list([Thing("b", 2)], 30), .stream([]),
            ],
            log: ["list: 200", "watch from 7: ERROR 410", "list: 200", "watch from 30: 200"],
            store: ["b": "2"],
            relists: [.initial: 1, .expired: 1]
        ),
        WatchFault(
            name: "410 in the middle of a list by pages",
            expected: "The list begins anew; nothing of the half list is taken for the whole.",
            steps: [
                .list([Thing("a", 1)], 7, continuation: "t"), .answer(410, Wire.expired),
                .list([Thing("b", 8)], 9, continuation: "u"), .list([Thing("c", 3)], 9), .stream([]),
            ],
            log: ["list: 200", "next page: 410", "list: 200", "next page: 200", "watch from 9: 200"],
            store: ["b": "8", "c": "3"],
            relists: [.initial: 1, .expired: 1]
        ),
        WatchFault(
            name: "504 Too large resource version, as after the restore of a database",
            expected: "A list at once, which may take objects back to older versions.",
            steps: [
                .list([Thing("a", 90)], 99),
                .answer(504, Wire.status(504, "Timeout", "Too large resource version: 99, current: 30")),
                .list([Thing("a", 20)], 30), .stream([]),
            ],
            log: ["list: 200", "watch from 99: 504", "list: 200", "watch from 30: 200"],
            store: ["a": "20"],
            relists: [.initial: 1, .tooLarge: 1]
        ),
        WatchFault(
            name: "500 as an ERROR event, twice",
            expected: "The watch goes on from its version; after the second one a list decides.",
            steps: [
                .list([Thing("a", 1)], 7),
                .stream([Wire.error(Wire.status(500, "InternalError", "etcd"))], "ERROR 500"),
                .stream([Wire.error(Wire.status(500, "InternalError", "etcd"))], "ERROR 500"),
                .list([Thing("a", 8)], 9),
                .stream([]),
            ],
            log: ["list: 200", "watch from 7: ERROR 500", "watch from 7: ERROR 500", "list: 200", "watch from 9: 200"],
            store: ["a": "8"],
            relists: [.initial: 1, .silent: 1]
        ),
        WatchFault(
            name: "RBAC refuses the list (403), and later allows it",
            expected: "Asked again after the backoff; nothing is taken for an empty collection.",
            steps: [
                .answer(403, Wire.status(403, "Forbidden", "things is forbidden")),
                .answer(403, Wire.status(403, "Forbidden", "things is forbidden")), .list([Thing("a", 1)], 7),
                .stream([]),
            ],
            log: ["list: 403", "list: 403", "list: 200", "watch from 7: 200"],
            store: ["a": "1"],
            relists: [.initial: 1]
        ),
        WatchFault(
            name: "The CRD is removed and added again",
            expected: "While the kind is not served the store stays as it was; the list after that empties it.",
            steps: [
                .list([Thing("a", 1)], 7), .stream([Wire.error(Wire.expired)], "ERROR 410"),
                .answer(404, "404 page not found"), .answer(404, "404 page not found"), .list([], 40), .stream([]),
            ],
            log: [
                "list: 200", "watch from 7: ERROR 410", "list: 404", "list: 404", "list: 200", "watch from 40: 200",
            ],
            store: [:],
            relists: [.initial: 1, .expired: 1]
        ),
    ]
}
