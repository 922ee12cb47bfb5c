import KubeRuntime
import KubeTestSupport

/// Streams that come in odd pieces, hold odd things, or break.
extension WatchFault {
    private static func following(
        _ name: String,
        _ expected: String,
        acceptsCompression: Bool = false,
        _ steps: [Step],
        log: [String],
        store: [String: String]
    ) -> WatchFault {
        WatchFault(
            name: name,
            expected: expected,
            acceptsCompression: acceptsCompression,
            steps: [.list([Thing("a", 1)], 7)] + steps,
            log: ["list: 200"] + log,
            store: store,
            relists: [.initial: 1]
        )
    }

    private static let events =
        Wire.event("MODIFIED", Thing("a", 8, note: "ä ☃")) + Wire.event("ADDED", Thing("b", 9))

    static let bytes: [WatchFault] = [
        following(
            "Events split at every byte",
            "Events are whole wherever the pieces end.",
            [.stream(Array(events.utf8).map { [$0] }, headers: "", then: .silence)],
            log: ["watch from 7: 200"],
            store: ["a": "8", "b": "9"]
        ),
        following(
            "Several events in one chunk",
            "Each is taken, in order.",
            [.stream([events + Wire.event("DELETED", Thing("a", 10)) + Wire.event("ADDED", Thing("c", 11))])],
            log: ["watch from 7: 200"],
            store: ["b": "9", "c": "11"]
        ),
        following(
            "An event of more than one megabyte",
            "It is taken like any other.",
            [.stream([Wire.event("ADDED", Thing("b", 9, note: String(repeating: "0123456789", count: 150_000)))])],
            log: ["watch from 7: 200"],
            store: ["a": "1", "b": "9"]
        ),
        following(
            "Lines that end with CR LF",
            "As with LF alone.",
            [.stream([events.replacing("\n", with: "\r\n")])],
            log: ["watch from 7: 200"],
            store: ["a": "8", "b": "9"]
        ),
        following(
            "An event of a type that nobody knows",
            "It is passed over and moves no version.",
            [
                .stream([Wire.event("RENAMED", Thing("x", 50)) + Wire.event("ADDED", Thing("b", 9))], then: .clean),
                .stream([]),
            ],
            log: ["watch from 7: 200", "watch from 9: 200"],
            store: ["a": "1", "b": "9"]
        ),
        following(
            "An ADDED that comes twice, the second time after a newer state",
            "It takes nothing back.",
            [
                .stream([
                    Wire.event("ADDED", Thing("b", 8)) + Wire.event("MODIFIED", Thing("b", 9))
                        + Wire.event("ADDED", Thing("b", 8)) + Wire.event("ADDED", Thing("c", 10))
                ])
            ],
            log: ["watch from 7: 200"],
            store: ["a": "1", "b": "9", "c": "10"]
        ),
        following(
            "A compressed stream that is cut",
            "What came is taken; the next watch goes on from there.",
            acceptsCompression: true,
            [
                .stream(
                    [Wire.gzipBeginning(Wire.event("ADDED", Thing("b", 9)))],
                    "200, cut",
                    headers: "Content-Encoding: gzip\r\n",
                    then: .cut
                ), .stream([Wire.event("ADDED", Thing("c", 10))]),
            ],
            log: ["watch from 7: 200, cut", "watch from 9: 200"],
            store: ["a": "1", "b": "9", "c": "10"]
        ),
        following(
            "A clean end, as after the time that was asked for",
            "The next watch at once, from the last version.",
            [.stream([Wire.event("ADDED", Thing("b", 9))], then: .clean), .stream([])],
            log: ["watch from 7: 200", "watch from 9: 200"],
            store: ["a": "1", "b": "9"]
        ),
        following(
            "An event that is torn by the end of the connection",
            "It comes again with the next watch.",
            [
                .stream(
                    [Wire.bookmark(8) + String(Wire.event("ADDED", Thing("b", 9)).prefix(30))],
                    "200, cut",
                    then: .cut
                ),
                .stream([Wire.event("ADDED", Thing("b", 9))]),
            ],
            log: ["watch from 7: 200, cut", "watch from 8: 200"],
            store: ["a": "1", "b": "9"]
        ),
        following(
            "A reset of the connection (RST), which takes with it what was not read",
            "The next watch after the backoff, from the last version that was read.",
            [
                .stream([], "200, reset", then: .reset),
                .stream([Wire.event("ADDED", Thing("b", 9)) + Wire.event("ADDED", Thing("c", 10))]),
            ],
            log: ["watch from 7: 200, reset", "watch from 7: 200"],
            store: ["a": "1", "b": "9", "c": "10"]
        ),
        WatchFault(
            name: "GOAWAY on a connection of HTTP/2",
            expected: "The server says that it did nothing: the request is made again on another connection.",
            version: .http2,
            steps: [Step("GOAWAY") { _ in .close }, .list([Thing("a", 1)], 7), .stream([])],
            log: ["list over HTTP/2: GOAWAY", "list over HTTP/2: 200", "watch from 7: 200"],
            store: ["a": "1"],
            relists: [.initial: 1]
        ),
    ]
}
