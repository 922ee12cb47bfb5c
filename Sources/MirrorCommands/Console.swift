import Glibc
import KubeCore

/// Text for the person at the terminal: shown at once, also where the output goes into a file or a pipe.
package enum Console {
    /// Bytes of the longest line.
    static let lineLimit = 65_536

    /// Lines that may hold what others wrote.
    package static func say(lines: [String]) {
        say(lines.map { $0.printable(atMost: lineLimit) }.joined(separator: "\n"))
    }

    package static let say: @Sendable (String) -> Void = { text in
        var bytes = Array((text + "\n").utf8)
        while !bytes.isEmpty {
            let written = write(STDOUT_FILENO, bytes, bytes.count)
            guard written > 0 || errno == EINTR else { return }
            bytes.removeFirst(max(0, written))
        }
    }
}
