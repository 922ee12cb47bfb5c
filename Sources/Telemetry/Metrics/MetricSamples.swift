/// One metric with all of its series at one instant; rendering it is a pure function.
struct MetricFamily: Hashable, Sendable {
    enum Kind: String, Hashable, Sendable {
        case counter
        case gauge
        case histogram
    }

    /// One combination of labels, and its samples.
    struct Series: Hashable, Sendable {
        var labels: [MetricLabel]
        var value: Value
    }

    enum Value: Hashable, Sendable {
        case number(Double)
        /// `counts[i]` observations fell into the bucket that ends at `bounds[i]`; the last one has no bound.
        case histogram(bounds: [Double], counts: [UInt64], sum: Double)
    }

    var name: String
    var kind: Kind
    var help: String?
    var series: [Series]

    /// The family in the text format, in an order that depends on names and labels only.
    func render() -> String {
        var text = ""
        if let help { text += "# HELP \(name) \(MetricText.help(help))\n" }
        text += "# TYPE \(name) \(kind.rawValue)\n"
        for series in series.sorted(by: { $0.labels.lexicographicallyPrecedes($1.labels) }) {
            switch series.value {
            case .number(let number):
                text += line("", series.labels, number)
            case .histogram(let bounds, let counts, let sum):
                text += histogram(series.labels, bounds, counts, sum)
            }
        }
        return text
    }

    private func histogram(_ labels: [MetricLabel], _ bounds: [Double], _ counts: [UInt64], _ sum: Double) -> String {
        var text = ""
        var total: UInt64 = 0
        for (index, count) in counts.enumerated() {
            total += count
            let bound = index < bounds.count ? MetricText.number(bounds[index]) : "+Inf"
            text += line("_bucket", labels + [MetricLabel(name: "le", value: bound)], Double(total))
        }
        return text + line("_sum", labels, sum) + line("_count", labels, Double(total))
    }

    private func line(_ suffix: String, _ labels: [MetricLabel], _ value: Double) -> String {
        let pairs = labels.map { "\($0.name)=\"\(MetricText.labelValue($0.value))\"" }.joined(separator: ",")
        return "\(name)\(suffix)\(pairs.isEmpty ? "" : "{\(pairs)}") \(MetricText.number(value))\n"
    }
}

/// One label of a series.
struct MetricLabel: Hashable, Sendable, Comparable {
    var name: String
    var value: String

    static func < (left: MetricLabel, right: MetricLabel) -> Bool {
        (left.name, left.value) < (right.name, right.value)
    }
}
