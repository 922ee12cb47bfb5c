import KubeCore

/// What a key's value must be for the process that reads it.
enum SettingType: Hashable, Sendable {
    case text
    case texts
    /// Any keys, any texts: headers.
    case map
    /// Whatever stands below it is none of ours.
    case anything
    /// An IP address.
    case address
    case bool
    case integer
    case number
    /// Of so many bits.
    case unsigned(Int)
    case duration
    case size

    /// For a table.
    func word(isGo: Bool) -> String {
        switch self {
        case .text: "text"
        case .texts: "list of texts"
        case .map: "mapping"
        case .anything: "any"
        case .address: "IP address"
        case .bool: "true or false"
        case .integer: "integer"
        case .number: "number"
        case .unsigned(let bits): "integer from 0, \(bits) bits"
        case .duration: isGo ? "Go duration" : "humantime duration"
        case .size: "size"
        }
    }

    /// What would be right, where the value is of another type; nil where it is of this one. A number of the scheduler
    /// may also be written as a text, which mapstructure takes for one.
    func fault(of value: JSONValue, in file: SettingsFile) -> String? {
        let isRight: Bool
        switch self {
        case .anything: isRight = true
        // Unquoted `no` and `on` are texts to YAML 1.2, which the daemon reads, and booleans to the reader here.
        case .text: isRight = value.stringValue != nil || value.boolValue != nil || (file.isGo && value.isScalar)
        case .texts: isRight = value.arrayValue?.allSatisfy { $0.stringValue != nil || file.isGo } ?? file.isGo
        case .map: isRight = value.objectValue != nil
        case .address: isRight = value.stringValue.map { $0.isEmpty ? file.isGo : IPText.isAddress($0) } ?? false
        case .bool: isRight = file.bool(value) != nil
        case .integer: isRight = file.number(value).map { Int64(exactly: $0.rounded(.towardZero)) != nil } ?? false
        case .number: isRight = file.number(value) != nil
        case .unsigned(let bits): isRight = isUnsigned(value, bits: bits, in: file)
        case .duration: return durationFault(value, in: file)
        case .size: isRight = SettingsDocument.size(value) != nil
        }
        return isRight ? nil : example(in: file)
    }

    private func isUnsigned(_ value: JSONValue, bits: Int, in file: SettingsFile) -> Bool {
        if file.isGo { return file.number(value).map { $0 >= 0 && $0 <= Double(UInt64.max) } ?? false }
        guard let number = value.intValue, number >= 0 else { return false }
        return bits >= 63 || number < Int64(1) << Int64(bits)
    }

    private func durationFault(_ value: JSONValue, in file: SettingsFile) -> String? {
        if file.isGo, case .int(let number) = value, number != 0 {
            return "a bare number is nanoseconds: write \(number)s if seconds are meant"
        }
        if case .int(let number) = value, !file.isGo { return "a bare number is no duration: write \(number)s" }
        if file.seconds(value) != nil { return nil }
        return file.isGo ? "write it as Go does, such as 90s, 30m or 720h" : "write it as 90s, 30m, 1h 30m or 30days"
    }

    private func example(in file: SettingsFile) -> String {
        switch self {
        case .text, .map, .anything: "a \(word(isGo: file.isGo)) is needed"
        case .texts: "a list of texts is needed"
        case .address: "an IP address is needed"
        case .bool: "true or false is needed"
        case .integer, .number: "a number is needed"
        case .unsigned(let bits):
            bits < 64 ? "a whole number from 0 to \((1 << bits) - 1) is needed" : "a whole number from 0 on is needed"
        case .duration: ""
        case .size: "a size such as 50GB or 100GiB is needed"
        }
    }
}

/// What is an IP address to both readers, roughly: enough to tell it from a name.
enum IPText {
    static func isAddress(_ text: String) -> Bool { isVersion4(text) || isVersion6(text) }

    private static func isVersion4(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                part.count <= 3 && part.allSatisfy { $0.isASCII && $0.isNumber } && Int(part).map { $0 <= 255 } == true
            }
    }

    private static func isVersion6(_ text: String) -> Bool {
        let allowed = text.utf8.allSatisfy { byte in
            (0x30...0x3A).contains(byte) || (0x61...0x66).contains(byte) || (0x41...0x46).contains(byte) || byte == 0x2E
        }
        let groups = text.split(separator: ":", omittingEmptySubsequences: false)
        return allowed && (3...8).contains(groups.count) && groups.allSatisfy { $0.utf8.count <= 4 || $0.contains(".") }
    }

    /// `10.0.0.1:8002` or `[fd00::1]:8002`: the one form that `scheduler.addrs` takes.
    static func isSocketAddress(_ text: String) -> Bool {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (1...65_535).contains(port)
        else { return false }
        let host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { return isVersion6(String(host.dropFirst().dropLast())) }
        return isVersion4(String(host))
    }
}

extension JSONValue {
    var isScalar: Bool { arrayValue == nil && objectValue == nil }

    /// Null, an empty text, list or mapping: it sets nothing.
    var isEmptySetting: Bool {
        switch self {
        case .null, "", [], [:]: true
        default: false
        }
    }

    /// For a message: a scalar as it is written, of anything else its kind.
    var settingText: String {
        switch self {
        case .null: "null"
        case .bool(let flag): flag ? "true" : "false"
        case .int(let number): String(number)
        case .double(let number): String(number)
        case .string(let text): text.isEmpty ? "\"\"" : text.printable(atMost: 120)
        case .array(let elements): "a list of \(elements.count)"
        case .object: "a mapping"
        }
    }
}
