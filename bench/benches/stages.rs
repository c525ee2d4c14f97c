//! Criterion, one group per stage, on the `flat` and `nested` workloads.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use crossdock_bench::rung::Rung;
use crossdock_bench::workload;
use crossdock_core::feeds::Feeds;
use crossdock_loadgen::parameters::Workload;
use std::time::Duration;

fn stages(criterion: &mut Criterion) {
    let feeds = Feeds::new(crossdock_rules::feed::builtin());
    for kind in [Workload::Flat, Workload::Nested] {
        let laid = workload::lay_out(kind, 1_000).expect("a thousand shipments are in range");
        let mut group = criterion.benchmark_group(laid.name);
        group.throughput(Throughput::Elements(laid.documents as u64));
        for rung in [Rung::Scan, Rung::Tape, Rung::Standardize, Rung::Fold, Rung::Dedup] {
            group.bench_function(rung.name(), |bencher| {
                bencher.iter_custom(|count| {
                    let seconds: f64 = (0..count).map(|_| rung.run(&laid, &feeds)).sum();
                    Duration::from_secs_f64(seconds)
                });
            });
        }
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10).measurement_time(Duration::from_secs(3));
    targets = stages
}
criterion_main!(benches);
