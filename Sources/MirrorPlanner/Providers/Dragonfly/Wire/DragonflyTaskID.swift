/// Names a task: 64 hexadecimal digits in lower case, and never anything else.
///
/// A daemon takes the first five bytes of it to choose a scheduler, without a look at how many there are, and its
/// release builds end the process on that panic: one call with a shorter text kills it (dragonflyoss/client
/// `dragonfly-client/src/grpc/scheduler.rs`, `Cargo.toml` with `panic = "abort"`; 1.0.11 to 1.5.1). So there is no way
/// to make one that is shorter.
package struct DragonflyTaskID: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    /// Nil where it is not 64 hexadecimal digits in lower case.
    package init?(_ text: some StringProtocol) {
        guard text.utf8.count == 64,
            text.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else { return nil }
        self.text = String(text)
    }

    /// One of any four numbers; random ones name a task that nobody has.
    package init(_ first: UInt64, _ second: UInt64, _ third: UInt64, _ fourth: UInt64) {
        text = [first, second, third, fourth].map { number in
            let digits = String(number, radix: 16)
            return String(repeating: "0", count: 16 - digits.utf8.count) + digits
        }.joined()
    }

    package var description: String { text }
}
