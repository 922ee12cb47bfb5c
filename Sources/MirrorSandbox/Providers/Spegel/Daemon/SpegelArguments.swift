/// The command line of Spegel, as the container's `args` have it: flags as `--name=value` or `--name value...`.
///
/// Source: `main.go` of spegel v0.7.4.
package struct SpegelArguments: Hashable, Sendable {
    /// `registry`, `cleanup`, `configuration` and so on.
    package var subcommand: String
    /// Values by flag; a flag without any has an empty list.
    package var flags: [String: [String]]

    package init(_ arguments: [String]) {
        subcommand = ""
        flags = [:]
        var last: String?
        for argument in arguments {
            if argument.hasPrefix("--") {
                let parts = argument.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                let name = String(parts[0])
                flags[name, default: []] += parts.dropFirst().map(String.init)
                last = parts.count == 1 ? name : nil
            } else if let name = last {
                flags[name, default: []].append(argument)
            } else if subcommand.isEmpty {
                subcommand = argument
            }
        }
    }

    /// The last value of a flag.
    package func value(_ flag: String) -> String? { flags[flag]?.last }

    /// The port of an address such as `:5000`.
    ///
    /// - Throws: `ScenarioFailure` where the flag names none.
    package func port(_ flag: String, default standard: UInt16) throws -> UInt16 {
        guard let value = value(flag) else { return standard }
        guard let colon = value.lastIndex(of: ":"), let port = UInt16(value[value.index(after: colon)...]) else {
            throw ScenarioFailure("--\(flag)=\(value) is no address with a port")
        }
        return port
    }
}
