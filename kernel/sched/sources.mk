core-src += kernel/sched/sched.c kernel/sched/place.c kernel/sched/rr.c kernel/sched/stats.c kernel/sched/work.c
