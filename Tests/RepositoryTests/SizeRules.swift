/// One idea a file, one screen a function, one line a line.
enum SizeRules {
    static let fileLines = 500
    static let functionLines = 70
    static let columns = 120

    static func findings(_ file: TextFile) -> [Finding] {
        let wide = file.lines.enumerated().filter { $1.count > columns }.map { index, line in
            Finding(path: file.path, line: index + 1, message: "the line has \(line.count) columns, not \(columns)")
        }
        return wide + (file.path.hasSuffix(".swift") ? swiftFindings(file) : [])
    }

    private static func swiftFindings(_ file: TextFile) -> [Finding] {
        let length = file.lines.count - (file.text.hasSuffix("\n") ? 1 : 0)
        let long = file.code.functions().filter { $0.length > functionLines }.map { function in
            Finding(
                path: file.path,
                line: function.line,
                message: "the function has \(function.length) lines, not at most \(functionLines)"
            )
        }
        guard length > fileLines else { return long }
        return long + [Finding(path: file.path, message: "the file has \(length) lines, not at most \(fileLines)")]
    }
}
