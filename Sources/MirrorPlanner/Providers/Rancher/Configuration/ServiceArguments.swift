/// The flags that a node's running service was started with: the one reader of the annotation `<prog>.io/node-args`.
///
/// k3s writes `--flag=value` of a file as two elements (`pkg/nodeconfig/nodeconfig.go`, `getNodeArgs`), so what follows
/// a flag and begins with no dash is its value. One dash or two mean the same (Go's `flag` package). Values stay in
/// here but for those that are asked for: they may hold secrets.
package struct ServiceArguments: Hashable, Sendable {
    package struct Flag: Hashable, Sendable {
        /// Without dashes.
        package var name: String
        /// Nil where it stands alone.
        package var value: String?
        /// Whether the value follows an equals sign.
        package var isJoined = false

        /// Whether a switch is on. What follows one that stands alone and is no boolean is another argument.
        package var isOn: Bool { value.map { Switch.isOn($0) ?? !isJoined } ?? true }
    }

    /// Those behind the subcommand `server` or `agent`; all where there is none.
    package let flags: [Flag]
    /// Those before it, which no file can give.
    package let globalFlags: [Flag]

    /// Nil where the text is no JSON array of strings.
    ///
    /// - Parameter isValue: whether an element that begins with a dash is the value of the flag before it, as in
    ///   `kubelet-arg: --v=2`; the files may say so.
    package init?(json text: String, isValue: (_ element: String, _ flag: String) -> Bool = { _, _ in false }) {
        guard let elements = JSONStrings.array(text) else { return nil }
        let subcommand = elements.firstIndex { $0 == "server" || $0 == "agent" }
        globalFlags = subcommand.map { Self.flags(elements[..<$0], isValue) } ?? []
        flags = Self.flags(subcommand.map { elements[($0 + 1)...] } ?? elements[...], isValue)
    }

    /// The last value of a flag with one of these names; nil where there is none, or where the last one stands alone.
    package func value(_ names: String...) -> String? {
        flags.last { names.contains($0.name) }?.value
    }

    private static func flags(_ elements: ArraySlice<String>, _ isValue: (String, String) -> Bool) -> [Flag] {
        var flags: [Flag] = []
        var index = elements.startIndex
        while index < elements.endIndex {
            let element = elements[index]
            index += 1
            guard var flag = flag(element) else { continue }
            if flag.value == nil, index < elements.endIndex,
                !beginsWithDash(elements[index]) || isValue(elements[index], flag.name)
            {
                flag.value = elements[index]
                index += 1
            }
            flags.append(flag)
        }
        return flags
    }

    private static func beginsWithDash(_ element: String) -> Bool { element.utf8.first == UInt8(ascii: "-") }

    /// One element; nil where it is no flag.
    static func flag(_ element: String) -> Flag? {
        guard beginsWithDash(element) else { return nil }
        var rest = element.utf8.dropFirst()
        if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
        guard !rest.isEmpty else { return nil }
        guard let equals = rest.firstIndex(of: UInt8(ascii: "=")) else { return Flag(name: String(rest) ?? "") }
        let value = String(rest[rest.index(after: equals)...]) ?? ""
        return Flag(name: String(rest[..<equals]) ?? "", value: value, isJoined: true)
    }
}

/// A boolean as the distributions read it (Go's `strconv.ParseBool`).
package enum Switch {
    /// Nil where the text is no boolean.
    package static func isOn(_ text: String) -> Bool? {
        switch text {
        case "1", "t", "T", "true", "TRUE", "True": true
        case "0", "f", "F", "false", "FALSE", "False": false
        default: nil
        }
    }
}
