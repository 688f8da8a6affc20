"""targets (目标计数): the indicators of the plan and how far they are.

Owns: standings, entries, rollups; the target tree and who answers for it; snapshots, bulletins, samples, anomalies.
Hears: certification's, housekeeping's and reports' events, which count; of inspections, samples that are wanted,
problems and 绿色通道 requests; of reports, dispatch rounds.
Says: sample_drawn, anomaly_noticed, snapshot_locked.
"""
