"""What a token may be used for, and which role gets what. How much each sees of it is in contract/sight.py."""

from contract.words import Role

TARGETS_READ = "targets:read"
CERTIFICATES_READ = "certificates:read"
CERTIFICATES_WRITE = "certificates:write"
CERTIFICATES_VERIFY = "certificates:verify"
CERTIFICATES_REVOKE = "certificates:revoke"
CERTIFICATES_CORRECT = "certificates:correct"
CERTIFICATES_VERIFY_NUMBER = "certificates:verify-number"
PEOPLE_REVEAL = "people:reveal"
IMPORTS_WRITE = "imports:write"
IMPORTS_RECALL = "imports:recall"
CENTRES_READ = "centres:read"
CENTRES_WRITE = "centres:write"
STARS_READ = "stars:read"
STARS_APPLY = "stars:apply"
STARS_REVIEW = "stars:review"
STARS_DECIDE = "stars:decide"
TARGETS_ADJUST = "targets:adjust"
REPORTS_READ = "reports:read"
REPORTS_WRITE = "reports:write"
REPORTS_REVIEW = "reports:review"
ROUNDS_WRITE = "rounds:write"
BULLETINS_WRITE = "bulletins:write"
INSPECTIONS_READ = "inspections:read"
INSPECTIONS_WRITE = "inspections:write"
MATTERS_WRITE = "matters:write"

MEANS = {
    TARGETS_READ: "读取本辖区的详细进度及其逐条依据 · read the region's progress in detail, and its proof",
    CERTIFICATES_READ: "读取证书（脱敏） · read certificates, masked",
    CERTIFICATES_WRITE: "登记、更正、撤销本机构的证书 · issue, correct and revoke one's own certificates",
    CERTIFICATES_VERIFY: "记录全国联网查询的核验结果 · record what the national query answered",
    CERTIFICATES_REVOKE: "撤销、恢复证书 · revoke and reinstate certificates",
    CERTIFICATES_CORRECT: "更正辖区内的证书 · correct certificates of the region",
    CERTIFICATES_VERIFY_NUMBER: "按编号查验证书 · check a certificate by its number",
    PEOPLE_REVEAL: "查看完整个人信息（须说明理由并留痕） · see personal data in full, with a reason, recorded",
    IMPORTS_WRITE: "上传花名册并查看处理结果 · upload rosters and see what became of them",
    IMPORTS_RECALL: "整批撤回导入 · recall a whole import",
    CENTRES_READ: "读取培训机构和评价机构备案 · read training centres and filings of assessors",
    CENTRES_WRITE: "登记培训机构和评价机构备案（限省级） · keep centres and filings, for the province",
    STARS_READ: "读取星级申报和认定（脱敏） · read applications and awards, masked",
    STARS_APPLY: "为本单位及其福嫂申报 · apply for one's own base and its 福嫂",
    STARS_REVIEW: "评审打分、申报回避 · review, and stand aside",
    STARS_DECIDE: "按本级职责办理申报和认定 · take one's own office's steps",
    TARGETS_ADJUST: "分解、调整目标，登记责任人 · allocate and adjust targets, name who is responsible",
    REPORTS_READ: "读取辖区和本部门的填报 · read reports of one's region and department",
    REPORTS_WRITE: "填报进展 · file progress",
    REPORTS_REVIEW: "审核他人的填报 · review what others filed",
    ROUNDS_WRITE: "组织调度 · open, amend, cancel, remind and close dispatch rounds",
    BULLETINS_WRITE: "起草、核稿、签发通报 · draft, review and sign bulletins",
    INSPECTIONS_READ: "读取督导检查 · read inspections, problems and hints",
    INSPECTIONS_WRITE: "督导检查、核减 · inspect, find and withdraw",
    MATTERS_WRITE: "登记和办理问题、绿色通道 · register and settle problems and 绿色通道 requests",
}

OF_ROLE: dict[Role, tuple[str, ...]] = {
    Role.TRAINING_CENTRE: (CERTIFICATES_READ, CERTIFICATES_WRITE, IMPORTS_WRITE),
    Role.CIVIL_AFFAIRS: (
        CERTIFICATES_READ,
        CERTIFICATES_VERIFY,
        CERTIFICATES_REVOKE,
        CERTIFICATES_CORRECT,
        PEOPLE_REVEAL,
        IMPORTS_RECALL,
        CENTRES_READ,
        CENTRES_WRITE,
        TARGETS_READ,
        INSPECTIONS_READ,
        MATTERS_WRITE,
    ),
    Role.DISPATCHER: (
        TARGETS_READ,
        TARGETS_ADJUST,
        CERTIFICATES_READ,
        STARS_READ,
        REPORTS_READ,
        REPORTS_REVIEW,
        ROUNDS_WRITE,
        BULLETINS_WRITE,
        INSPECTIONS_READ,
        MATTERS_WRITE,
    ),
    Role.INSPECTOR: (
        TARGETS_READ,
        CERTIFICATES_READ,
        STARS_READ,
        REPORTS_READ,
        INSPECTIONS_READ,
        INSPECTIONS_WRITE,
        MATTERS_WRITE,
    ),
    Role.REPORTER: (TARGETS_READ, REPORTS_READ, REPORTS_WRITE, INSPECTIONS_READ, MATTERS_WRITE),
    Role.REPORT_REVIEWER: (
        TARGETS_READ,
        TARGETS_ADJUST,  # a unit's splits what its unit was given
        REPORTS_READ,
        REPORTS_REVIEW,
        INSPECTIONS_READ,
        MATTERS_WRITE,
    ),
    Role.PARTNER: (TARGETS_READ, CERTIFICATES_VERIFY_NUMBER),
    Role.FEDERATION: (TARGETS_READ, STARS_READ, STARS_DECIDE, PEOPLE_REVEAL, INSPECTIONS_READ, MATTERS_WRITE),
    Role.APPLICANT: (STARS_READ, STARS_APPLY),
    Role.REVIEWER: (STARS_READ, STARS_REVIEW),
}

# Requests a minute. A centre's own system posts certificates one by one; people's systems and partners poll.
PER_MINUTE: dict[Role, int] = {
    Role.TRAINING_CENTRE: 6_000,
    Role.CIVIL_AFFAIRS: 3_000,
    Role.DISPATCHER: 1_200,
    Role.INSPECTOR: 1_200,
    Role.PARTNER: 1_200,
    Role.FEDERATION: 1_200,
    Role.APPLICANT: 600,
    Role.REVIEWER: 600,
    Role.REPORTER: 600,
    Role.REPORT_REVIEWER: 600,
}
