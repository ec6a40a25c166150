core-src += kernel/sched/balance.c kernel/sched/cap.c kernel/sched/entity.c kernel/sched/fair.c kernel/sched/fair_turn.c kernel/sched/longest.c \
	kernel/sched/place.c kernel/sched/queue.c kernel/sched/reserve.c kernel/sched/sched.c \
	kernel/sched/stats.c kernel/sched/tree.c kernel/sched/turn.c kernel/sched/work.c
