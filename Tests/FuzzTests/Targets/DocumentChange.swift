import KubeCore

/// Changes of a JSON document that are read from bytes, so that any bytes give a document of nearly the right form:
/// changed as text it would hardly ever be one.
struct DocumentChange {
    private enum Step {
        case member(String)
        case element(Int)
    }

    private let document: JSONValue
    /// The way to every value in it.
    private let paths: [[Step]]

    init(of document: JSONValue) {
        self.document = document
        paths = Self.paths(in: document, [])
    }

    /// Four bytes are one change: two that choose the place, one for the kind of change, one for the new value.
    func changed(by bytes: ArraySlice<UInt8>) -> JSONValue {
        var result = document
        var rest = bytes
        while rest.count >= 4 {
            let change = Array(rest.prefix(4))
            rest = rest.dropFirst(4)
            let place = paths[(Int(change[0]) << 8 | Int(change[1])) % paths.count]
            let argument = Int(change[3])
            result = Self.change(result, at: place[...]) { value in
                switch change[2] % 8 {
                case 0: nil
                case 1: Self.repeated(value, argument)
                case 2: Self.value(at: paths[argument * 7 % paths.count][...], in: document)
                case 3: Self.texts[argument % Self.texts.count]
                case 4: Self.neighbour(of: value, argument)
                default: Self.extreme(of: value, argument)
                }
            }
        }
        return result
    }

    private static func paths(in value: JSONValue, _ path: [Step]) -> [[Step]] {
        switch value {
        case .object(let members):
            [path] + members.sorted { $0.key < $1.key }.flatMap { paths(in: $1, path + [.member($0)]) }
        case .array(let elements):
            [path] + elements.enumerated().flatMap { paths(in: $1, path + [.element($0)]) }
        default: [path]
        }
    }

    /// - Parameter new: what stands there from now on; nil takes it away.
    private static func change(
        _ value: JSONValue,
        at path: ArraySlice<Step>,
        _ new: (JSONValue) -> JSONValue?
    ) -> JSONValue {
        guard let first = path.first else { return new(value) ?? value }
        let rest = path.dropFirst()
        switch (first, value) {
        case (.member(let name), .object(var members)):
            guard let member = members[name] else { return value }
            members[name] = rest.isEmpty ? new(member) : change(member, at: rest, new)
            return .object(members)
        case (.element(let index), .array(var elements)) where index < elements.count:
            if rest.isEmpty {
                if let element = new(elements[index]) { elements[index] = element } else { elements.remove(at: index) }
            } else {
                elements[index] = change(elements[index], at: rest, new)
            }
            return .array(elements)
        default: return value
        }
    }

    private static func value(at path: ArraySlice<Step>, in value: JSONValue) -> JSONValue? {
        path.reduce(value) { value, step in
            switch (step, value) {
            case (.member(let name), let value?): value[name]
            case (.element(let index), .array(let elements)?) where index < elements.count: elements[index]
            default: nil
            }
        }
    }

    private static func repeated(_ value: JSONValue, _ argument: Int) -> JSONValue {
        switch value {
        // Again and again at the same place it would be larger than anything that comes from outside.
        case .array(let elements) where elements.count < 40:
            .array(Array(repeating: elements, count: argument % 4).flatMap(\.self))
        case .string(let text) where text.utf8.count < 400: .string(String(repeating: text, count: argument % 40))
        default: value
        }
    }

    /// Nearly the same.
    private static func neighbour(of value: JSONValue, _ argument: Int) -> JSONValue {
        switch value {
        case .int(let number): return .int(number.adding(Int64(argument) - 128))
        case .bool(let flag): return .bool(!flag)
        case .string(let text):
            var bytes = Array(text.utf8)
            guard !bytes.isEmpty else { return "a" }
            bytes[argument % bytes.count] = [0x30, 0x2D, 0x2F, 0x3A, 0x20, 0x7F][argument % 6]
            return .string(String(decoding: bytes, as: UTF8.self))
        default: return value
        }
    }

    private static func extreme(of value: JSONValue, _ argument: Int) -> JSONValue {
        switch value {
        case .string(let text):
            if Timestamp(text) != nil { return times[argument % times.count] }
            let digits = text.prefix { $0.isASCII && $0.isNumber }
            if !digits.isEmpty { return .string("\(numbers[argument % numbers.count])\(text.dropFirst(digits.count))") }
            return texts[argument % texts.count]
        case .int, .double: return .int(numbers[argument % numbers.count])
        default: return .int(numbers[argument % numbers.count])
        }
    }

    private static let numbers: [Int64] = [
        .min, .min + 1, -1, 0, 1, 2, 99, 100, 101, 65_535, 1 << 31, 1 << 32, 1 << 53, .max / 1_000, .max - 1, .max,
    ]

    private static let times: [JSONValue] = [
        "0000-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "2026-11-30T12:00:00Z", "2026-11-30T12:00:01.000001Z",
        "9999-12-31T23:59:59Z", "0000-01-01T00:00:00+99:99", "9999-12-31T23:59:59-99:99",
    ]

    private static let texts: [JSONValue] = [
        "", "0%", "100%", "99999999999999999999%", "-1%", "9223372036854775807-a", "v1.32.5+rke2r1",
        "v99999999999.1.1+k3s1",
        "containerd://2.1.4", "v0.0.27", "https://[::1]:9345", "https://10.0.0.1:99999", "\u{202E}\u{9B}", "a/b@c:d",
        "23:59", "00:00", "Ring", "RKE2", "Dragonfly", "Spegel", "True", "24h", "*", "10.0.0.0/33", "1e400",
    ]
}
