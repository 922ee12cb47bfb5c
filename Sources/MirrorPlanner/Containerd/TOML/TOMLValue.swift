/// A value of a TOML document (https://toml.io/en/v1.0.0).
package indirect enum TOMLValue: Hashable, Sendable {
    case string(String)
    case integer(Int64)
    case float(Double)
    case boolean(Bool)
    /// A date, a time or both, as it is written: nothing that is read here has one.
    case time(String)
    case array([TOMLValue])
    case table(TOMLTable)

    package var string: String? {
        guard case .string(let value) = self else { return nil }
        return value
    }

    package var integer: Int64? {
        guard case .integer(let value) = self else { return nil }
        return value
    }

    package var boolean: Bool? {
        guard case .boolean(let value) = self else { return nil }
        return value
    }

    package var array: [TOMLValue]? {
        guard case .array(let value) = self else { return nil }
        return value
    }

    package var table: TOMLTable? {
        guard case .table(let value) = self else { return nil }
        return value
    }
}

/// Keys and values in the order in which they are written: of the hosts of a `hosts.toml` the first one is asked first.
package struct TOMLTable: Hashable, Sendable {
    package private(set) var keys: [String] = []
    private var values: [String: TOMLValue] = [:]

    package init() {}

    package subscript(key: String) -> TOMLValue? { values[key] }

    /// The value below tables in tables; nil where one of them is absent or no table.
    package subscript(path path: String...) -> TOMLValue? {
        var value = TOMLValue.table(self)
        for key in path {
            guard let next = value.table?[key] else { return nil }
            value = next
        }
        return value
    }

    package var isEmpty: Bool { keys.isEmpty }

    /// Puts a value there, in the place of one that was there.
    package mutating func set(_ key: String, _ value: TOMLValue) {
        if values.updateValue(value, forKey: key) == nil { keys.append(key) }
    }
}

/// Why a document is not TOML. Nothing that stands in it is repeated: it may be a password.
package struct TOMLFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// From 1.
    package var line: Int
    package var message: String

    package var description: String { "line \(line): \(message)" }
}
