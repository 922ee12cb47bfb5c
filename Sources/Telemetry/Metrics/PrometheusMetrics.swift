package import CoreMetrics
import Synchronization

/// The metrics of this process behind swift-metrics, read as Prometheus text.
///
/// Guarantees: one handler for each name and set of labels, so that two that are made alike count together; at most
/// `seriesLimit` series for one name, so that labels made from data can't fill the memory (what is above is counted in
/// one series whose label values are `other`); a name has one type, the first one that was asked for.
package final class PrometheusMetrics: MetricsFactory {
    private struct Key: Hashable {
        var name: String
        var labels: [MetricLabel]
    }

    private struct Family {
        var kind: MetricFamily.Kind
        var series: [[MetricLabel]: any MetricSeries] = [:]
    }

    /// How often a handler was made that is not exposed under its own labels.
    private static let rejectedName = "telemetry_rejected_series_total"
    private static let overflow = "other"

    private let seriesLimit: Int
    private let help: [String: String]
    private let families = Mutex<[String: Family]>([:])

    /// - Parameters:
    ///   - seriesLimit: series of one name before further label values are counted together.
    ///   - help: sentences for `# HELP`, by name.
    package init(seriesLimit: Int = 1_000, help: [String: String] = [:]) {
        self.seriesLimit = seriesLimit
        self.help = help
    }

    /// Everything in the text format 0.0.4, ordered by name.
    package func render() -> String {
        let present = families.withLock { families in
            families.map { name, family in
                MetricFamily(
                    name: name,
                    kind: family.kind,
                    help: help[name],
                    series: family.series.map { MetricFamily.Series(labels: $0.key, value: $0.value.value) }
                )
            }
        }
        return present.sorted { $0.name < $1.name }.map { $0.render() }.joined()
    }

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        series(MetricText.name(label), dimensions, .counter) { CounterSeries() }
    }

    package func makeFloatingPointCounter(
        label: String,
        dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        series(MetricText.name(label), dimensions, .counter) { CounterSeries() }
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        series(MetricText.name(label), dimensions, .gauge) { GaugeSeries() }
    }

    package func makeRecorder(
        label: String,
        dimensions: [(String, String)],
        aggregate: Bool
    ) -> any RecorderHandler {
        let name = MetricText.name(label)
        guard aggregate else { return series(name, dimensions, .gauge) { GaugeSeries() } }
        return series(name, dimensions, .histogram) { HistogramSeries(bounds: HistogramSeries.sizes) }
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        let name = MetricText.name(label)
        // The base unit belongs into the name: https://prometheus.io/docs/practices/naming/
        return series(name.hasSuffix("_seconds") ? name : "\(name)_seconds", dimensions, .histogram) {
            HistogramSeries(bounds: HistogramSeries.seconds)
        }
    }

    package func destroyCounter(_ handler: any CounterHandler) { remove(handler) }
    package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { remove(handler) }
    package func destroyMeter(_ handler: any MeterHandler) { remove(handler) }
    package func destroyRecorder(_ handler: any RecorderHandler) { remove(handler) }
    package func destroyTimer(_ handler: any TimerHandler) { remove(handler) }

    private func series<Series: MetricSeries>(
        _ name: String,
        _ dimensions: [(String, String)],
        _ kind: MetricFamily.Kind,
        make: () -> Series
    ) -> Series {
        let labels = Self.labels(dimensions)
        return families.withLock { families in
            var family = families[name] ?? Family(kind: kind)
            guard family.kind == kind else {
                // Its value is lost on purpose: two types under one name make the whole page unreadable.
                Self.reject(reason: "kind", &families)
                return make()
            }
            if let present = family.series[labels] as? Series { return present }
            var effective = labels
            if family.series.count >= seriesLimit, !labels.isEmpty {
                effective = labels.map { MetricLabel(name: $0.name, value: Self.overflow) }
                Self.reject(reason: "overflow", &families)
            }
            if let present = family.series[effective] as? Series { return present }
            let new = make()
            family.series[effective] = new
            families[name] = family
            return new
        }
    }

    private func remove(_ handler: AnyObject) {
        families.withLock { families in
            for (name, family) in families {
                guard let labels = family.series.first(where: { $0.value === handler })?.key else { continue }
                families[name]?.series[labels] = nil
                if families[name]?.series.isEmpty ?? false { families[name] = nil }
                return
            }
        }
    }

    /// Sorted, and each name once (the last wins), as the format wants it.
    private static func labels(_ dimensions: [(String, String)]) -> [MetricLabel] {
        let values = Dictionary(dimensions.map { (MetricText.labelName($0.0), $0.1) }, uniquingKeysWith: { $1 })
        return values.map { MetricLabel(name: $0.key, value: $0.value) }.sorted()
    }

    private static func reject(reason: String, _ families: inout [String: Family]) {
        let labels = [MetricLabel(name: "reason", value: reason)]
        var family = families[rejectedName] ?? Family(kind: .counter)
        let counter = family.series[labels] as? CounterSeries ?? CounterSeries()
        counter.increment(by: Int64(1))
        family.series[labels] = counter
        families[rejectedName] = family
    }
}
