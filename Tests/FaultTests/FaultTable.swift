import Foundation

/// `docs/faults.md`, made from what the rows came to.
enum FaultTable {
    static let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "docs/faults.md")

    static func document(
        watches: [(WatchFault, WatchFault.Outcome)],
        writes: [(WriteFault, WriteFault.Outcome)]
    ) -> String {
        """
        # What goes wrong between an API server and us, and what happens then

        Each row is a test: the client, the reflector and the controller as they are shipped, through libcurl, against a
        server that misbehaves on purpose, over plain TCP and over TLS, with the same outcome. A test makes this page
        from what really happened (`RECORD_TABLE=1 swift test --filter FaultTests` writes it anew), so it is true for
        this release. Times are shortened: what is seconds in production is tenths in these tests.

        Faults of credentials are on a page of their own: [credentials](faults/credentials.md).

        ## Lists and watches

        The log says what was asked and answered, in order: *stream* is a streaming list, *list* and *next page* are one
        by pages, *live read* asks for the present version with one object. *unproven*, *quiet* and *proven* are what
        the reflector says of its store at that moment.

        | Fault | Expected | Happened |
        |---|---|---|
        \(watches.map { line([$0.name, $0.expected, $1.text]) }.joined(separator: "\n"))

        ## Writes

        A controller reads an object, and writes it where it is not as it should be; what fails is tried again after a
        backoff that begins at 5 ms.

        | Fault | Expected | Happened |
        |---|---|---|
        \(writes.map { line([$0.name, $0.expected, $1.text]) }.joined(separator: "\n"))

        """
    }

    private static func line(_ cells: [String]) -> String {
        "| " + cells.map { $0.replacing("|", with: "\\|").replacing("\n", with: " ") }.joined(separator: " | ") + " |"
    }
}
