import Glibc

/// Text for the person at the terminal: shown at once, also where the output goes into a file or a pipe.
enum Console {
    static let say: @Sendable (String) -> Void = { text in
        var bytes = Array((text + "\n").utf8)
        while !bytes.isEmpty {
            let written = write(STDOUT_FILENO, bytes, bytes.count)
            guard written > 0 || errno == EINTR else { return }
            bytes.removeFirst(max(0, written))
        }
    }
}
