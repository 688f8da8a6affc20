"""养老护理员 certificates: who holds which, since when, in which region, and whether it still stands.

Owns: certificates, roster imports, and the record of who saw personal data.
Hears: training's events, which tell what the assessors have filed; inspections' orders to withdraw a certificate.
Says: certificate_issued, certificate_corrected, certificate_revoked, certificate_reinstated, certificate_verified;
to inspections what became of its orders, and anomaly_noticed of rosters that two centres share.
"""
