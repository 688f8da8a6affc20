SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
# Many processes are started: what each of them imports is compiled once.
unexport PYTHONDONTWRITEBYTECODE

LOCK := requirements-dev.lock
VENV := .venv/.installed-$(shell sha256sum $(LOCK) | cut -c1-16)
PY := .venv/bin/python
IN := $(PY) -m deploy.servers env $(PY)
MUTANTS := .venv/mutants-$(shell sha256sum requirements-mutants.lock | cut -c1-16)
SOURCES := contract plan runtime services gateway deploy audit benchmarks

.PHONY: help
help: ## 本帮助 / this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: $(VENV) ## 启动全部服务并导入样例名册，Ctrl-C 结束；PORT=8000 / everything on this machine
	@$(PY) -m deploy.run $(ARGS)

.PHONY: test
test: $(VENV) ## 全部测试，自带数据库与消息服务 / all tests on servers of their own
	@$(PY) -m pytest --timeout=300 -n 4 --dist loadfile --no-loadscope-reorder $(ARGS)

.PHONY: mutants
mutants: $(VENV) $(MUTANTS) ## 变异测试：小改动有多少被发现 / how many small changes the tests notice
	@PYTHONPATH=$(MUTANTS) $(PY) -m tests.mutants $(ARGS)

.PHONY: lint
lint: $(VENV) ## 代码检查与依赖方向 / style, types and who may import whom
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy $(SOURCES)
	@PYTHONPATH=. .venv/bin/lint-imports

.PHONY: fmt
fmt: $(VENV) ## 整理格式 / format
	@.venv/bin/ruff check --fix-only --quiet .
	@.venv/bin/ruff format .

.PHONY: stop
stop: $(VENV) ## 停止 make run，数据保留 / stop, keep the data
	@$(PY) -m deploy.stop

.PHONY: clean
clean: ## 停止并删除数据、密钥与环境 / stop, and delete data, keys and environment
	@if $(PY) -c 'import psutil, pymongo' 2>/dev/null; then $(PY) -m deploy.stop; fi
	@folder=$${VAR_DIR:-var}; \
	rm -rf "$$folder/run" "$$folder/log" "$$folder/test" "$$folder"/secrets.*; \
	if [ -d "$$folder" ]; then rmdir --ignore-fail-on-non-empty "$$folder"; fi
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +

.PHONY: clients
clients: $(VENV) ## 演示用客户端（JSON，仅 APP_ENV=dev）/ demo clients as JSON
	@$(IN) -m gateway.clients

.PHONY: token
token: $(VENV) ## 某个演示客户端的令牌，CLIENT=centre-130600 / a token of one of them
	@$(IN) -m gateway.clients token $(CLIENT)

.PHONY: plan
plan: $(VENV) ## 列出方案的全部指标；ARGS=--json / the plan as it is read
	@$(PY) -m services.targets.plan_table $${PLAN_FILE:-plan/hebei-2023.toml} $(ARGS)

.PHONY: audit
audit: $(VENV) ## 从原始记录重数每个指标并比对 / recount every figure from the services' own stores
	@$(IN) -m audit $(ARGS)

.PHONY: replay
replay: $(VENV) ## 由事件重建汇总，比对后替换 / rebuild the rollups, compare, swap
	@$(IN) -m services.targets.replay $(ARGS)

.PHONY: quarantine
quarantine: $(VENV) ## 处理不了而搁置的记录 / records that a worker has set aside
	@$(IN) -m runtime.quarantine $(ARGS)

.PHONY: parked
parked: $(VENV) ## 搁置的消息：ARGS="list"、show、replay、discard / parked messages
	@$(IN) -m runtime.parked $(ARGS)

.PHONY: resend
resend: $(VENV) ## 重发事件：ARGS="certification --after 100" / publish events of a log again
	@$(IN) -m runtime.resend $(ARGS)

.PHONY: bench
bench: $(VENV) ## 性能测试，写入 benchmarks/RESULTS.md / benchmarks
	@$(PY) -m benchmarks $(ARGS)

.PHONY: hostile
hostile: $(VENV) ## 随机的恶意请求，逐角色；ARGS="--seed 7 --requests 10000" / random hostile requests as every role
	@$(PY) -m tests.hostile $(ARGS)

.PHONY: schemathesis
schemathesis: $(VENV) ## 按接口描述逐项检查，几个角色；ARGS="--examples 50" / every check, as several roles
	@$(PY) -m tests.hostile.schemas $(ARGS)

.PHONY: lock
lock: $(VENV) ## 按 requirements*.in 重新锁定依赖 / pin the dependencies anew
	@for name in requirements requirements-dev requirements-mutants; do \
		.venv/bin/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
			--no-header --no-annotate $(ARGS) $$name.in -o $$name.lock || exit 1; \
	done

# Named after what the lock says, not after when it was written: a checkout that touches it makes nothing anew.
$(VENV):
	@PYTHON="$(PYTHON)" sh deploy/make_venv.sh $(LOCK) $(VENV)

# Apart from .venv: nothing but `make mutants` needs it.
$(MUTANTS): $(VENV)
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes --target $@.unfinished -r requirements-mutants.lock
	@mv $@.unfinished $@
