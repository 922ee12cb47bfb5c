import CoreMetrics
import Metrics
import Telemetry
import Testing

@Suite("The Prometheus page")
struct PrometheusMetricsTests {
    @Test("a counter is written with its type, its help and its labels in order")
    func counter() {
        let metrics = PrometheusMetrics(help: ["requests_total": "Requests,\nby code."])
        let counter = Counter(
            label: "requests_total",
            dimensions: [("method", "GET"), ("code", "200")],
            factory: metrics
        )
        counter.increment()
        counter.increment(by: 2)
        #expect(
            metrics.render() == """
                # HELP requests_total Requests,\\nby code.
                # TYPE requests_total counter
                requests_total{code="200",method="GET"} 3

                """
        )
    }

    @Test("two handlers made alike count together")
    func shared() {
        let metrics = PrometheusMetrics()
        Counter(label: "a", dimensions: [("x", "1"), ("y", "2")], factory: metrics).increment()
        Counter(label: "a", dimensions: [("y", "2"), ("x", "1")], factory: metrics).increment()
        FloatingPointCounter(label: "b", factory: metrics).increment(by: 0.25)
        FloatingPointCounter(label: "b", factory: metrics).increment(by: 0.5)
        #expect(metrics.render().contains("a{x=\"1\",y=\"2\"} 2\n"))
        #expect(metrics.render().contains("\nb 0.75\n"))
    }

    @Test("a gauge and a meter show the last value")
    func gauge() {
        let metrics = PrometheusMetrics()
        let gauge = Gauge(label: "depth", factory: metrics)
        gauge.record(7)
        gauge.record(3)
        let meter = Meter(label: "level", factory: metrics)
        meter.set(10)
        meter.increment(by: 2)
        meter.decrement(by: 0.5)
        #expect(metrics.render() == "# TYPE depth gauge\ndepth 3\n# TYPE level gauge\nlevel 11.5\n")
    }

    @Test("a timer is a cumulative histogram in seconds")
    func timer() {
        let metrics = PrometheusMetrics()
        let timer = Timer(label: "reconcile_time", dimensions: [("controller", "mirror")], factory: metrics)
        timer.recordNanoseconds(5_000_000)
        timer.recordMilliseconds(6)
        timer.recordSeconds(120)
        let lines = metrics.render().split(separator: "\n").map(String.init)
        #expect(lines.contains("# TYPE reconcile_time_seconds histogram"))
        #expect(lines.contains(#"reconcile_time_seconds_bucket{controller="mirror",le="0.0025"} 0"#))
        #expect(lines.contains(#"reconcile_time_seconds_bucket{controller="mirror",le="0.005"} 1"#))
        #expect(lines.contains(#"reconcile_time_seconds_bucket{controller="mirror",le="0.01"} 2"#))
        #expect(lines.contains(#"reconcile_time_seconds_bucket{controller="mirror",le="60"} 2"#))
        #expect(lines.contains(#"reconcile_time_seconds_bucket{controller="mirror",le="+Inf"} 3"#))
        #expect(lines.contains(#"reconcile_time_seconds_sum{controller="mirror"} 120.011"#))
        #expect(lines.contains(#"reconcile_time_seconds_count{controller="mirror"} 3"#))
    }

    @Test(
        "label values are escaped",
        arguments: [
            (#"a"b"#, #"a\"b"#), (#"a\b"#, #"a\\b"#), ("a\nb", #"a\nb"#), ("a\r\nb", #"a\nb"#),
            ("größe {}", "größe {}"),
        ]
    )
    func escaping(value: String, expected: String) {
        let metrics = PrometheusMetrics()
        Counter(label: "c", dimensions: [("v", value)], factory: metrics).increment()
        #expect(metrics.render().hasSuffix("c{v=\"\(expected)\"} 1\n"))
    }

    @Test(
        "names become valid ones",
        arguments: [("a.b-c", "a_b_c"), ("9lives", "_9lives"), ("", "_"), ("ns:x", "ns:x"), ("é", "_")]
    )
    func names(label: String, expected: String) {
        let metrics = PrometheusMetrics()
        Counter(label: label, dimensions: [("__reserved.x", "1")], factory: metrics).increment()
        #expect(metrics.render() == "# TYPE \(expected) counter\n\(expected){_reserved_x=\"1\"} 1\n")
    }

    @Test("more label values than the limit are counted together")
    func cardinality() {
        let metrics = PrometheusMetrics(seriesLimit: 2)
        for value in 0..<5 {
            Counter(label: "c", dimensions: [("v", "\(value)")], factory: metrics).increment()
        }
        let text = metrics.render()
        #expect(text.contains("c{v=\"0\"} 1\nc{v=\"1\"} 1\nc{v=\"other\"} 3\n"))
        #expect(text.contains("telemetry_rejected_series_total{reason=\"overflow\"} 3\n"))
    }

    @Test("a name keeps its first type")
    func kinds() {
        let metrics = PrometheusMetrics()
        Counter(label: "x", factory: metrics).increment()
        Gauge(label: "x", factory: metrics).record(9)
        #expect(metrics.render().contains("# TYPE x counter\nx 1\n"))
        #expect(metrics.render().contains("telemetry_rejected_series_total{reason=\"kind\"} 1\n"))
    }

    @Test("a destroyed series is gone, and counters never fall")
    func destroy() {
        let metrics = PrometheusMetrics()
        let gauge = Gauge(label: "g", dimensions: [("mirror", "a")], factory: metrics)
        gauge.record(1)
        gauge.destroy()
        #expect(metrics.render().isEmpty)
        let counter = FloatingPointCounter(label: "c", factory: metrics)
        counter.increment(by: -5)
        counter.increment(by: Double.nan)
        #expect(metrics.render() == "# TYPE c counter\nc 0\n")
    }

    @Test("what is not finite is written as the format wants it")
    func notFinite() {
        let metrics = PrometheusMetrics()
        for (name, value) in [("a", Double.nan), ("b", .infinity), ("c", -.infinity), ("d", 1e300)] {
            Gauge(label: name, factory: metrics).record(value)
        }
        let lines = metrics.render().split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(lines == ["a NaN", "b +Inf", "c -Inf", "d 1e+300"])
    }
}
