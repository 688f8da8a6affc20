"""The field's own words, as enums and tables that domain code may use too. Values are what is stored and sent."""

from enum import StrEnum


class DocumentType(StrEnum):
    RESIDENT_ID = "居民身份证"
    RESIDENCE_PERMIT = "港澳台居民居住证"
    PASSPORT = "护照"


class CertificateStatus(StrEnum):
    VALID = "valid"
    NEEDS_REVIEW = "needs_review"  # 16-digit and 特级技师 numbers: accepted, never counted unreviewed
    REVOKED = "revoked"


class Verification(StrEnum):
    """Outcome of asking the national query. NOT_FOUND is not "fake": uploads lag."""

    UNCHECKED = "未核验"
    PASSED = "核验通过"
    NOT_FOUND = "未查到"
    MISMATCH = "不一致"
    REVOKED = "已撤销"


class RowOutcome(StrEnum):
    CREATED = "created"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    REJECTED = "rejected"


class ImportState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    RECALLING = "recalling"
    RECALLED = "recalled"


class Role(StrEnum):
    TRAINING_CENTRE = "training_centre"
    CIVIL_AFFAIRS = "civil_affairs"  # 民政厅 and the cities' bureaux
    DISPATCHER = "dispatcher"  # 省发展改革委
    INSPECTOR = "inspector"  # 督导
    PARTNER = "partner"
    FEDERATION = "federation"  # 妇联
    APPLICANT = "applicant"  # 巾帼家政基地, who also apply for the 福嫂 that they employ
    REVIEWER = "reviewer"  # 星级评审员
    REPORTER = "reporter"  # 填报人: of a department or a region
    REPORT_REVIEWER = "report_reviewer"  # 审核人: a second person, who accepts what was reported


# 养老护理员国家职业技能标准（2019年版). The list is open: an event may bring a code that is not here.
LEVELS = {
    "5": ("五级", "初级工"),
    "4": ("四级", "中级工"),
    "3": ("三级", "高级工"),
    "2": ("二级", "技师"),
    "1": ("一级", "高级技师"),
    "0": ("特级", "特级技师"),
}

CAREGIVER = "养老护理员"


class Status(StrEnum):
    """How an indicator stands (序时进度). The colours are a default, no rule is published."""

    MET = "已完成"
    ON_PACE = "达序时"
    BEHIND = "未达序时"
    MISSED = "未完成"
    CANNOT_TELL = "无法判断"  # it has a target, and nothing counts it


class Prospect(StrEnum):
    """Whether a target will be reached by a day, as the trend so far tells; of a day that is over, whether it was."""

    REACHED = "已完成"
    NOT_REACHED = "未完成"
    LIKELY = "预计完成"
    OPEN = "不确定"
    UNLIKELY = "预计完不成"
    CANNOT_TELL = "无法判断"


class Comparator(StrEnum):
    """How the plan words a target."""

    AT_LEAST = "≥"  # 不低于、以上
    EXACTLY = "="
    ABOUT = "~"  # 左右
    REACHES = "→"  # 达到: a stock


class Measure(StrEnum):
    """What the figures of an indicator are."""

    FLOW = "flow"  # added up from the year's beginning
    STOCK = "stock"  # a level, which needs a baseline
    STATE = "state"  # no number in the plan: told by state and evidence


class WorkState(StrEnum):
    """What is reported of an indicator without a number."""

    NOT_STARTED = "未启动"
    UNDER_WAY = "推进中"
    DONE = "已完成"


class ReportStatus(StrEnum):
    FILED = "filed"  # 待审核
    RETURNED = "returned"  # 退回修改
    ACCEPTED = "accepted"
    REJECTED = "rejected"
