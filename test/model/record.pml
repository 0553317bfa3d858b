/*
 * The life of a session's record, for SPIN: start, touch, idle end, refresh with its lease, revocation and sign-out,
 * failover, near reads. Two applications of two processes each, two tabs of one person (or copies of their cookies: nobody
 * asks who sends them), an operator, one store. Every history of every length is looked at: there is no count of
 * requests; times are ages that stop growing once nothing depends on them.
 *
 * How it is held together with the code: each part names the functions that it stands for ("code: file, function"), and
 * each script in Redis has its digest here. test/house/model.test.ts fails where a function has gone or a script has
 * changed: then look whether this still says what the code does, and write the new digest.
 *
 * script: start 691db4b836fcf99b3cb20911d5bb6e64e717b68a
 * script: update 69c9621de17019c94f75a7d27d7ddbbc1fff87f3
 * script: end 614143b77b9cfc5e4b31aac833047a45a481b7a4
 * script: revoke c97fb8427a63405a0d1f0fc84bdb29a0a7dc554e
 * script: confirm df71436aaf3343bed3778073bbf768eb62cbd59a
 * script: keep 1ec8798428a52be2471433a28b9e24976863c9de
 * script: lease 44c0851eea5cf7c2a7e6cbac2014fa388bd41444
 * script: renew 5f9fc3b30bcdf053c9ea11bf174f4d6f3a19950d
 * script: release cb86641c5829781ecf1d8e0e35355e4f1f9466bb
 *
 * Parts, switched on by -D: REPLICA (a replica, failovers), LOSS (commands and answers that are lost, or come late),
 * IDLE (the idle limit), REFRESH (of the identity session), NEAR (near reads). SMALL: one application, and only the operator
 * ends; with IDLE nobody. A planted fault is a -D as well (test/model/faults.mjs).
 *
 * What is left out: other names of a session (alias), rises in assurance, a new sign-in after an end, sign-outs of one
 * application alone, refusals of the provider, a refresh that goes on after its request was answered, a master that is cut
 * off and goes on (docs/operations.md), Cluster. The simulation has most of them.
 */

#define NONE 0
#define LIVE 1
#define ENDED 2

/* Process p of four belongs to application p / 2. */
#define APP(p) ((p) / 2)
#define TABS 3      /* the third is the operator, who only ends */
#define NOBODY 255

/* The rules, by their names in test/simulation/invariants.ts. What is broken is printed, and told by the runner. */
#define RULE(holds, name) if :: (holds) -> skip :: else -> printf("BROKEN %d\n", name); assert(false) fi
#define acknowledged_end_is_never_served_again 1
#define nobody_is_ended_by_an_outage 2
#define limits_hold 3
#define where_nothing_is_broken_everybody_is_served 4
#define one_refresh_for_all 5
/* Rules that only somebody who sees inside the store can judge: the simulation sees them in what they lead to. */
#define an_end_is_final 6
#define what_is_told_as_done_survives 7

/* One line of a story: who does what at which process, and what came of it. */
#define TELL(who, what, p, came) printf("STEP %d %e %d %d\n", who, what, p, came)
mtype = { reads, near, starts, touches, ends, leases, looks, calls, keeps, last, revokes, waits, away, arrives,
          failover, replicates, follows, late, dropped, beats, hears, lapses, tick, runsout, tells };
/* What is told of an answer. */
#define ACTIVE 1
#define ANONYMOUS 2
#define UNAVAILABLE 3
#define DONE 4
#define UNSURE 5

/* ---- The store: the hash of one person. code: src/stores/redis/format.ts, serializeRecord ---- */
typedef Hash {
  byte record[2];  /* r:<application>:<session>: none, live or ended */
  bit revoked;     /* v:<session> */
#ifdef IDLE
  byte age[2];     /* ticks since lastSeenAt; stops at OLD_AGE */
#endif
#ifdef REFRESH
  bit fresh[2];    /* tokenExpiresAt is that of the new token, which is kept */
#endif
}
Hash master;
#ifdef REPLICA
Hash replica;
bit hasReplica = 1;
#endif

/* ---- What somebody knows who sees everything: test/simulation/facts.ts ---- */
byte acked[2];     /* an end of this application's record was told as done; with near reads: 1 + ticks since then */
bit begun;         /* something that ends sessions has begun */
bit trouble;       /* something was broken */

#ifdef IDLE
#define IDLE_TICKS 2
#define OLD_AGE 3
bit isAsking[TABS];    /* a request is under way: it is answered within a tick */
/* The ages of a record that is not live are nothing. */
byte confirmed[2];     /* ticks since the last activity that was answered as active: nobody may be idle before */
byte quiet[2];         /* ticks since the last activity that may have been noted: nobody may be served after */
/* A touch is under way here, and what came of the last one. code: src/sessions/touch.ts, createTouchSteps */
bit touching[4];
bit isWritten[4];
#endif

#ifdef REFRESH
/* The lease of the refresh, of all applications of the store: 0 free, 1 + tab, or 3: nobody's, until it runs out. */
byte lease;
bit isCalling[TABS];
bit flight[4];         /* single flight of a process. code: src/single-flight.ts, createSingleFlight */
byte exchanged[2];     /* how often each application has exchanged the old token */
bit delivered;         /* a browser has the new token */
#endif

#ifdef LOSS
/* A command whose caller has given up, and that may still arrive. code: src/stores/redis/deadline.ts, createDeadline */
mtype lateWhat;
byte lateApp;
#ifdef IDLE
byte lateAge;
#endif
#endif

#ifdef NEAR
#define BOUND 1                /* near.staleMilliseconds, in ticks */
bit memory[4];                 /* a live record is remembered. code: src/stores/redis/near/memory.ts, keep */
byte proof[4] = BOUND + 1;     /* ticks since the last beat that came back was sent; more than BOUND: nothing is proven */
bit unheard[4];                /* a change was published that this process has not heard of yet */
byte reading[TABS];            /* 1 + the process at which a strict read of this tab is under way */
bit spoilt[TABS];              /* ReadTicket.isSpoilt */
#ifdef REPLICA
bit deaf[4];                   /* it listens to a server that is gone */
#endif
#endif

/* ---- The scripts: each is one step in Redis ---- */

/* No write that began before an end brings the session back. */
byte was;
#ifdef PLANTED
#define CHECK_END(a) was = 0
#else
#define CHECK_END(a) RULE(was != ENDED || master.record[a] == ENDED, an_end_is_final); was = 0
#endif

/*
 * States that differ in nothing that can still be served are one. Who remembers nothing, and reads nothing, may as well have
 * heard all, and prove it with a beat when that matters; what is remembered without a proof is dropped by the next beat.
 */
inline settle(q) {
#ifdef NEAR
#ifndef FAULT_NEAR_WITHOUT_PROOF
  if :: proof[q] > BOUND -> memory[q] = 0 :: else fi;
#endif
  if
  :: !memory[q] && reading[0] != (q) + 1 && reading[1] != (q) + 1 -> unheard[q] = 0; proof[q] = BOUND + 1
  :: else
  fi;
#endif
  skip
}

/* code: src/stores/redis/near/near-store.ts, forgetting */
inline forget(q) {
#ifdef NEAR
  memory[q] = 0;
#ifndef FAULT_READ_THAT_CROSSED
  if :: reading[0] == (q) + 1 -> spoilt[0] = 1 :: else fi;
  if :: reading[1] == (q) + 1 -> spoilt[1] = 1 :: else fi;
#endif
  settle(q);
#endif
  skip
}

/* Every process hears of it, later. code: src/stores/redis/script-parts.ts, announce */
inline announceToAll() {
#ifdef NEAR
#ifdef REPLICA
  if :: !deaf[0] -> unheard[0] = 1 :: else fi;
  if :: !deaf[1] -> unheard[1] = 1 :: else fi;
  if :: !deaf[2] -> unheard[2] = 1 :: else fi;
  if :: !deaf[3] -> unheard[3] = 1 :: else fi;
#else
  unheard[0] = 1; unheard[1] = 1; unheard[2] = 1; unheard[3] = 1;
#endif
  settle(0); settle(1); settle(2); settle(3);
#endif
  skip
}

/* code: src/stores/redis/scripts.ts, start */
inline startScript(a, sinceAsked) {
  was = master.record[a];
  if
#ifdef FAULT_START_BRINGS_BACK
  :: master.record[a] != LIVE ->
     master.record[a] = LIVE;
#else
  :: master.record[a] == NONE ->
#ifdef FAULT_START_IGNORES_REVOCATION
     master.record[a] = LIVE;
#else
     /* It meets the revocation, and writes an end. code: src/stores/redis/script-parts.ts, refusal */
     master.record[a] = (master.revoked -> ENDED : LIVE);
#endif
#endif
#ifdef IDLE
     if
     :: master.record[a] == LIVE ->
        master.age[a] = sinceAsked; confirmed[a] = OLD_AGE; quiet[a] = sinceAsked
     :: else
     fi
#endif
  :: else
  fi;
  CHECK_END(a)
}

/* A touch: lastSeenAt never moves backwards. code: src/stores/redis/scripts.ts, update */
inline updateScript(a, sinceAsked, isNewToken) {
  was = master.record[a];
  if
  :: master.record[a] == LIVE ->
#ifdef IDLE
#ifdef FAULT_TOUCH_MOVES_BACK
     master.age[a] = sinceAsked;
#else
     master.age[a] = (sinceAsked < master.age[a] -> sinceAsked : master.age[a]);
#endif
     quiet[a] = (sinceAsked < quiet[a] -> sinceAsked : quiet[a]);
#endif
#ifdef REFRESH
     if :: isNewToken -> master.fresh[a] = 1 :: else fi;
#endif
#ifdef FAULT_TOUCH_BRINGS_BACK
  :: master.record[a] == ENDED -> master.record[a] = LIVE
#endif
  :: else
  fi;
  CHECK_END(a)
}

inline endRecord(n) {
  master.record[n] = ENDED;
#ifdef IDLE
  master.age[n] = 0; confirmed[n] = 0; quiet[n] = 0;
#endif
#ifdef REFRESH
  master.fresh[n] = 0;
#endif
  skip
}

/* The revocation, and the end of every live record, of all applications. code: src/stores/redis/scripts.ts, revoke */
inline revokeScript() {
  master.revoked = 1;
#ifndef FAULT_OTHERS_GO_ON
  if :: master.record[0] == LIVE -> endRecord(0) :: else fi;
#endif
  if :: master.record[1] == LIVE -> endRecord(1) :: else fi;
  announceToAll()
}

/* code: src/stores/redis/scripts.ts, keep */
inline keepScript(a) {
  was = master.record[a];
  if
#ifdef REFRESH
  :: master.record[a] == LIVE -> master.fresh[a] = 1
#endif
  :: else
  fi;
  CHECK_END(a)
}

/* Told as done: from now on nobody may be served. code: src/logout/global-logout.ts, revoke */
inline acknowledge() {
#ifndef PLANTED
  RULE(master.revoked && master.record[0] != LIVE && master.record[1] != LIVE, what_is_told_as_done_survives);
#ifdef REPLICA
  RULE(!hasReplica || (replica.revoked && replica.record[0] != LIVE && replica.record[1] != LIVE),
       what_is_told_as_done_survives);
#endif
#endif
  if :: acked[0] == 0 -> acked[0] = 1 :: else fi;
  if :: acked[1] == 0 -> acked[1] = 1 :: else fi
}

#ifdef NEAR
#define MUST_REFUSE(a) (acked[a] > 1 + BOUND)
#else
#define MUST_REFUSE(a) (acked[a] > 0)
#endif

/* ---- Answers, and what is judged of them ---- */

#ifdef IDLE
#define CHECK_LIMITS() RULE(!mustBeIdle, limits_hold); \
  if :: master.record[a] == LIVE -> confirmed[a] = 0 :: else fi
/* Whether it was over is judged when that is written. */
#define IS_IDLE_JUSTIFIED (master.record[a] == ENDED)
#define LEAVE() isAsking[me] = 0; foundAge = 0; mustBeIdle = 0; wasIdle = 0
#else
#define CHECK_LIMITS() skip
#define IS_IDLE_JUSTIFIED false
#define LEAVE() skip
#endif

#define BEGONE() p = 0; a = 0; found = 0; mustRefuse = 0; isNew = 0; LEAVE()

/* code: src/sessions/create-citizen.ts, active */
inline answerActive() {
  TELL(me, tells, p, ACTIVE);
  RULE(!mustRefuse, acknowledged_end_is_never_served_again);
  CHECK_LIMITS();
  BEGONE()
}

/* code: src/sessions/evaluate.ts, refuse */
inline answerAnonymous() {
  TELL(me, tells, p, ANONYMOUS);
  RULE(begun || IS_IDLE_JUSTIFIED, nobody_is_ended_by_an_outage);
  BEGONE()
}

/* code: src/authenticate.ts, authenticate */
inline answerUnavailable() {
  TELL(me, away, p, UNAVAILABLE);
  RULE(trouble, where_nothing_is_broken_everybody_is_served);
  BEGONE()
}

#ifdef LOSS
/* The caller gives up after its deadline. The command is lost, or it arrives later. */
#ifdef IDLE
#define NOTE_LATE(what, age) trouble = 1; \
  if :: lateWhat == 0 -> lateWhat = what; lateApp = a; lateAge = age :: else fi
#else
#define NOTE_LATE(what, age) trouble = 1; \
  if :: lateWhat == 0 -> lateWhat = what; lateApp = a :: else fi
#endif
#endif

/* The lease, given back by who has it. code: src/sessions/lease.ts, releaseQuietly; src/stores/redis/scripts.ts, release */
inline release() {
#ifdef REFRESH
  if :: lease == 1 + me -> lease = 0 :: else fi
#else
  skip
#endif
}

/*
 * A sign-out by a tab, an administrator or a message of the provider: revoked, then waited for the replicas, then told.
 * code: src/logout/global-logout.ts, endSession; src/stores/redis/revoke.ts, createRedisRevocations
 */
inline signOutSteps() {
  atomic {
    begun = 1;
#ifdef FAULT_TOLD_BEFORE_DONE
    TELL(me, revokes, p, UNSURE); acknowledge();
#endif
  }
  if
  :: atomic {
       revokeScript(); forget(p);
#ifndef FAULT_TOLD_BEFORE_DONE
       TELL(me, revokes, p, DONE);
#else
       TELL(me, late, p, DONE);
#endif
     }
#ifdef REPLICA
     /* code: src/stores/redis/acknowledge.ts, createAcknowledgement; src/stores/redis/scripts.ts, confirm */
     atomic {
       if
#ifdef FAULT_REPLICA_IS_NOT_WAITED_FOR
       :: true -> TELL(me, waits, p, DONE); acknowledge()
#else
       :: hasReplica && master.revoked && replica.revoked -> TELL(me, waits, p, DONE); acknowledge()
#endif
       :: TELL(me, waits, p, UNSURE)
       fi;
       BEGONE()
     }
#else
     atomic { TELL(me, waits, p, DONE); acknowledge(); BEGONE() }
#endif
#ifdef LOSS
  /* "timed-out", never "done". code: src/logout/global-logout.ts, attempt */
  :: atomic {
       NOTE_LATE(revokes, 0);
       TELL(me, away, p, UNSURE);
#ifdef FAULT_LOST_IS_TOLD_AS_DONE
       acknowledge();
#endif
       BEGONE()
     }
#endif
  fi
}

/* The record is live, and touched: the citizen, and a refresh where one is due. */
inline goOn() {
#ifdef REFRESH
  found = 0; goto serve
#else
  answerActive(); goto idle
#endif
}

/* What follows from the record that was read. code: src/sessions/evaluate.ts, evaluateSession */
inline evaluate() {
  if
  :: found == NONE -> goto start
  :: found == ENDED -> answerAnonymous(); goto idle
#ifdef IDLE
#ifndef FAULT_IDLE_GOES_ON
  :: found == LIVE && wasIdle -> goto over
  :: found == LIVE && !wasIdle ->
#else
  :: found == LIVE ->
#endif
     /* code: src/sessions/touch.ts, isTouchDue */
     if
     :: foundAge > 0 && !touching[p] -> touching[p] = 1; goto touch
#ifndef FAULT_TOUCH_UNDER_WAY_COUNTS
     /* Another request writes one: whoever is let in by it waits for what comes of it. */
     :: foundAge > 0 && touching[p] -> goto join
#endif
     :: else -> goOn()
     fi
#else
  /* Whether a touch is due: either. A later expiry is written at once. */
  :: found == LIVE -> found = 0; goto touch
  :: found == LIVE -> goOn()
#endif
  fi
}

/* A strict read. code: src/shared-cookie/authenticate.ts, strictCitizen; src/stores/redis/records.ts, read */
inline readRecord() {
  if
  :: found = master.record[a];
#ifdef IDLE
     foundAge = (found == LIVE -> master.age[a] : 0);
     wasIdle = (found == LIVE && foundAge >= IDLE_TICKS);
#endif
     TELL(me, reads, p, found);
#ifdef NEAR
     reading[me] = p + 1; spoilt[me] = 0; goto arrived
#else
     evaluate()
#endif
#ifdef LOSS
  :: trouble = 1;
     TELL(me, away, p, UNAVAILABLE);
#ifdef FAULT_OUTAGE_IS_NOBODY
     answerAnonymous(); goto idle
#else
     answerUnavailable(); goto idle
#endif
#endif
  fi
}

/* ---- A tab: one request after the other, to whichever process ---- */

proctype Tab(byte me) {
  byte p, a;        /* the process, and its application */
  byte found;       /* the record, as this request knows it */
  bit mustRefuse;   /* when it was sent an end had been told as done */
  bit isNew;        /* it carries the new token */
#ifdef IDLE
  bit mustBeIdle, wasIdle;
  byte foundAge;    /* the age of the record that was read */
#endif

idle:
  atomic {
#if defined(NEAR) || defined(REFRESH) || defined(IDLE)
#ifdef SMALL
    if :: p = 0 :: p = 1 fi;
#else
    if :: p = 0 :: p = 1 :: p = 2 :: p = 3 fi;
#endif
#else
    /* Processes that remember nothing are all the same: one stands for both of its application. */
    if :: p = 0 :: p = 2 fi;
#endif
    a = APP(p);
    mustRefuse = MUST_REFUSE(a);
#ifdef REFRESH
    if :: isNew = 0 :: delivered -> isNew = 1 fi;
#endif
#ifdef IDLE
    isAsking[me] = 1;
    mustBeIdle = (master.record[a] == LIVE && quiet[a] > IDLE_TICKS);
    quiet[a] = 0;
#endif
    if
#ifdef NEAR
    /* From memory, at once, if it is there; to read strictly all the same covers whoever is not known well enough. code: src/shared-cookie/authenticate.ts, nearCitizen */
    :: memory[p] && (proof[p] <= BOUND
#ifdef FAULT_NEAR_WITHOUT_PROOF
                     || true
#endif
                    ) ->
       if
       :: TELL(me, near, p, LIVE); answerActive(); goto idle
       /* A touch is due: that is strict by itself. code: src/sessions/near-record.ts, asIfTouched */
       :: TELL(me, near, p, LIVE); found = LIVE; goto touch
       fi
#endif
#ifdef IDLE
    :: goto read
#else
    /* Sent and read at once: who is on the way for long may be told more, never less, of what was done meanwhile. */
    :: readRecord()
#endif
#ifndef SMALL
    :: goto signOut
#endif
    fi
  }

  /* Once more, after something has changed. */
read:
  atomic { readRecord() }

#ifdef NEAR
  /* The answer of a strict read arrives, and is remembered. code: src/stores/redis/near/near-store.ts, remembering */
arrived:
  atomic {
    TELL(me, arrives, p, found);
    if :: found == LIVE && !spoilt[me] && proof[p] <= BOUND -> memory[p] = 1 :: else fi;
    reading[me] = 0; spoilt[me] = 0; settle(p);
    evaluate()
  }
#endif

  /* code: src/sessions/start.ts, startSession */
start:
  atomic {
    if
    :: startScript(a, 0); forget(p);
       found = master.record[a];
       TELL(me, starts, p, found);
#ifdef IDLE
       foundAge = (found == LIVE -> master.age[a] : 0);
       wasIdle = (found == LIVE && foundAge >= IDLE_TICKS);
#endif
       evaluate()
#ifdef LOSS
    :: NOTE_LATE(starts, 0); answerUnavailable(); goto idle
#endif
    fi
  }

  /* code: src/sessions/evaluate.ts, touch; src/sessions/touch.ts, createTouchSteps */
touch:
  atomic {
#ifdef IDLE
    touching[p] = 0; isWritten[p] = 0;
#endif
    if
    :: found = master.record[a];
       updateScript(a, 0, isNew);
#ifdef IDLE
       isWritten[p] = (found == LIVE);
#endif
       TELL(me, touches, p, found);
       if
#ifdef FAULT_TOUCH_BRINGS_BACK
       :: found == ENDED -> found = LIVE; goOn()
#endif
       :: found == LIVE -> goOn()
       :: else -> forget(p); found = 0; goto read
       fi
#ifdef LOSS
    :: NOTE_LATE(touches, 0); answerUnavailable(); goto idle
#endif
    fi
  }

#ifdef IDLE
join:
  atomic {
    !touching[p] ->
    if :: isWritten[p] -> goOn() :: else -> found = 0; goto read fi
  }

  /* Only if nobody has touched it since. code: src/sessions/end.ts, endOver; src/stores/redis/scripts.ts, end */
over:
  atomic {
    if
    :: if
       :: master.record[a] == LIVE && master.age[a] >= foundAge ->
          RULE(begun || confirmed[a] >= IDLE_TICKS, nobody_is_ended_by_an_outage);
          endRecord(a)
       :: else
       fi;
       found = master.record[a];
       foundAge = (found == LIVE -> master.age[a] : 0);
       wasIdle = (found == LIVE && foundAge >= IDLE_TICKS);
       TELL(me, ends, p, found);
       if :: found == NONE -> goto read :: else -> evaluate() fi
#ifdef LOSS
    :: NOTE_LATE(ends, foundAge); answerUnavailable(); goto idle
#endif
    fi
  }
#endif

#ifdef REFRESH
  /* code: src/shared-cookie/credential.ts, serve; src/shared-cookie/deliver-refresh.ts, deliverRefresh */
serve:
  atomic {
    if
    :: isNew -> answerActive(); goto idle
    /* Another instance has been through. code: src/shared-cookie/refresh.ts, takeKept */
    :: !isNew && master.fresh[a] && master.record[a] == LIVE -> delivered = 1; answerActive(); goto idle
    /* Not due, or waiting, or under way here. */
    :: !isNew && !master.fresh[a] -> answerActive(); goto idle
    /* code: src/shared-cookie/deliver-refresh.ts, refreshDue */
    :: !isNew && !master.fresh[a] && !flight[p] -> flight[p] = 1; goto lend
    :: !isNew && master.fresh[a] && master.record[a] != LIVE -> answerActive(); goto idle
    fi
  }

  /* code: src/sessions/renewal.ts, runRenewal; src/stores/redis/scripts.ts, lease */
lend:
  atomic {
    if
    :: TELL(me, leases, p, lease == 0);
       if
#ifdef FAULT_EVERY_REFRESH_LEASES
       :: true -> lease = 1 + me; goto prepare
#else
       :: lease == 0 -> lease = 1 + me; goto prepare
       /* "elsewhere" */
       :: else -> flight[p] = 0; answerActive(); goto idle
#endif
       fi
#ifdef LOSS
    :: trouble = 1; if :: lease == 0 -> lease = 3 :: lease = lease fi;
       flight[p] = 0; answerUnavailable(); goto idle
#endif
    fi
  }

  /* Read again under the lease. code: src/sessions/renewal.ts, prepare */
prepare:
  atomic {
    if
    :: found = master.record[a];
       TELL(me, looks, p, found);
       if
       :: found != LIVE -> release(); flight[p] = 0; found = 0; goto read
#if !defined(FAULT_REFRESH_LOOKS_NOT_AGAIN) && !defined(FAULT_EVERY_REFRESH_LEASES)
       :: found == LIVE && master.fresh[a] ->
          release(); flight[p] = 0; delivered = 1; answerActive(); goto idle
       :: found == LIVE && !master.fresh[a] -> isCalling[me] = 1; found = 0; goto call
#else
       :: found == LIVE -> isCalling[me] = 1; found = 0; goto call
#endif
       fi
#ifdef LOSS
    :: trouble = 1; lease = (lease == 1 + me -> 3 : lease);
       flight[p] = 0; answerUnavailable(); goto idle
#endif
    fi
  }

  /* The provider exchanges the token. code: src/shared-cookie/refresh-client.ts, createRefreshClient */
call:
  atomic {
    isCalling[me] = 0;
    /* Once something was broken nobody counts. */
    exchanged[a] = (trouble -> 0 : exchanged[a] + 1);
    TELL(me, calls, p, exchanged[a]);
    if
    :: RULE(exchanged[a] < 2 || trouble, one_refresh_for_all); goto keepIt
#ifdef LOSS
    /* No answer: the lease is held through a pause. code: src/sessions/renewal-conclusion.ts, degrade */
    :: trouble = 1; lease = (lease == 1 + me -> 3 : lease); flight[p] = 0;
       if :: master.record[a] == LIVE -> answerActive(); goto idle :: else -> goto read fi
#endif
    fi
  }

  /* code: src/shared-cookie/refresh.ts, keepToken */
keepIt:
  atomic {
    if
    :: found = master.record[a];
       keepScript(a); forget(p);
       TELL(me, keeps, p, found);
       release();
       if :: found == LIVE -> found = 0; goto lastLook :: else -> flight[p] = 0; found = 0; goto read fi
#ifdef LOSS
    /* Kept in the process until the store takes it. code: src/sessions/renewal-conclusion.ts, writeSafely */
    :: NOTE_LATE(keeps, 0); lease = (lease == 1 + me -> 3 : lease); flight[p] = 0;
       answerActive(); goto idle
#endif
    fi
  }

  /* The last look before cookies are set. code: src/sessions/renewal-conclusion.ts, acceptFresh */
lastLook:
  atomic {
    flight[p] = 0;
    if
    :: found = master.record[a];
       TELL(me, last, p, found);
       if :: found == LIVE -> delivered = 1; answerActive(); goto idle :: else -> found = 0; goto read fi
#ifdef LOSS
    :: trouble = 1; answerActive(); goto idle
#endif
    fi
  }
#endif

  /* code: src/logout/global-logout.ts, endSession */
signOut:
  signOutSteps();
  goto idle
}

/* Somebody who ends the session from elsewhere. code: src/sessions/administration.ts, createAdministration */
proctype Operator(byte me) {
  byte p, a, found;
  bit mustRefuse, isNew;
#ifdef IDLE
  bit mustBeIdle, wasIdle;
  byte foundAge;
#endif
  signOutSteps()
}

/* ---- What happens by itself ---- */

#ifdef IDLE
#define LATE_AGE lateAge
#define RESET_LATE_AGE lateAge = 0
/* A request is answered before the next tick: a tick is a touch interval or more, and every command has a deadline. */
#define CAN_TICK (!isAsking[0] && !isAsking[1])
#else
#define LATE_AGE 0
#define RESET_LATE_AGE skip
#define CAN_TICK true
#endif
#define MATTERS(n) (memory[n] || reading[0] == (n) + 1 || reading[1] == (n) + 1)
#if defined(NEAR) && defined(REPLICA)
#define CAN_HEAR(n) (!deaf[n] && MATTERS(n))
#else
#define CAN_HEAR(n) MATTERS(n)
#endif
#ifdef REPLICA
/* As in test/simulation/redis/group.ts. */
inline copyMaster() {
  replica.record[0] = master.record[0]; replica.record[1] = master.record[1];
  replica.revoked = master.revoked;
#ifdef IDLE
  replica.age[0] = master.age[0]; replica.age[1] = master.age[1];
#endif
#ifdef REFRESH
  replica.fresh[0] = master.fresh[0]; replica.fresh[1] = master.fresh[1];
#endif
  skip
}

inline copyNothing() {
  replica.record[0] = 0; replica.record[1] = 0; replica.revoked = 0;
#ifdef IDLE
  replica.age[0] = 0; replica.age[1] = 0;
#endif
#ifdef REFRESH
  replica.fresh[0] = 0; replica.fresh[1] = 0;
#endif
  skip
}

/* The replica goes on as it is; what the master had beyond it is lost. code: src/stores/redis/failover.ts, mendFailover */
inline failOver() {
  trouble = 1; hasReplica = 0;
  master.record[0] = replica.record[0]; master.record[1] = replica.record[1];
  master.revoked = replica.revoked;
#ifdef IDLE
  master.age[0] = replica.age[0]; master.age[1] = replica.age[1];
  /* A touch that is lost was none. */
  if :: confirmed[0] < replica.age[0] -> confirmed[0] = replica.age[0] :: else fi;
  if :: confirmed[1] < replica.age[1] -> confirmed[1] = replica.age[1] :: else fi;
#endif
#ifdef REFRESH
  master.fresh[0] = replica.fresh[0]; master.fresh[1] = replica.fresh[1];
  if :: lease = 0 :: lease = lease fi;
#endif
#ifdef NEAR
  /* Who listened to the old server hears nothing any more. */
  deaf[0] = 1; deaf[1] = 1; deaf[2] = 1; deaf[3] = 1;
  unheard[0] = 0; unheard[1] = 0; unheard[2] = 0; unheard[3] = 0;
#endif
  /* What is not read from here on is the same in every state. */
  copyNothing()
}

#endif

#ifdef IDLE
#define OLDER(age) age = (age < OLD_AGE -> age + 1 : OLD_AGE)
#endif

inline passTime() {
#ifdef IDLE
  /* Nobody waits for a touch now. */
  isWritten[0] = 0; isWritten[1] = 0; isWritten[2] = 0; isWritten[3] = 0;
  if :: master.record[0] == LIVE -> OLDER(master.age[0]); OLDER(confirmed[0]); OLDER(quiet[0]) :: else fi;
  if :: master.record[1] == LIVE -> OLDER(master.age[1]); OLDER(confirmed[1]); OLDER(quiet[1]) :: else fi;
#ifdef REPLICA
  if :: replica.record[0] == LIVE -> OLDER(replica.age[0]) :: else fi;
  if :: replica.record[1] == LIVE -> OLDER(replica.age[1]) :: else fi;
#endif
#ifdef LOSS
  if :: lateWhat != 0 -> OLDER(lateAge) :: else fi;
#endif
#endif
#ifdef NEAR
  if :: acked[0] > 0 && acked[0] < BOUND + 2 -> acked[0] = acked[0] + 1 :: else fi;
  if :: acked[1] > 0 && acked[1] < BOUND + 2 -> acked[1] = acked[1] + 1 :: else fi;
  if :: proof[0] <= BOUND -> proof[0] = proof[0] + 1 :: else fi;
  if :: proof[1] <= BOUND -> proof[1] = proof[1] + 1 :: else fi;
  if :: proof[2] <= BOUND -> proof[2] = proof[2] + 1 :: else fi;
  if :: proof[3] <= BOUND -> proof[3] = proof[3] + 1 :: else fi;
  settle(0); settle(1); settle(2); settle(3);
#endif
  skip
}

active proctype Fate() {
  byte q;
end:
  do
  :: false
#ifdef REPLICA
  /* All that the master has, as it is: every shorter copy is a state that the replica had before. */
  :: atomic { hasReplica -> copyMaster(); q = 0; TELL(NOBODY, replicates, 0, 0) }
  /* code: src/stores/redis/failover.ts, mendFailover */
  :: atomic {
       hasReplica -> failOver();
       TELL(NOBODY, failover, 0, 0)
     }
  :: atomic { !hasReplica -> hasReplica = 1; copyMaster(); TELL(NOBODY, follows, 0, 0) }
#endif
#ifdef LOSS
  :: atomic {
       lateWhat != 0 ->
       TELL(NOBODY, late, lateApp * 2, lateWhat);
       if
       :: lateWhat == starts -> startScript(lateApp, LATE_AGE)
       :: lateWhat == touches -> updateScript(lateApp, LATE_AGE, false)
       :: lateWhat == revokes -> revokeScript()
#ifdef REFRESH
       :: lateWhat == keeps -> keepScript(lateApp)
#endif
#ifdef IDLE
       :: lateWhat == ends ->
          if
          :: master.record[lateApp] == LIVE && master.age[lateApp] >= lateAge -> endRecord(lateApp)
          :: else
          fi
#endif
       fi;
       lateWhat = 0; lateApp = 0; RESET_LATE_AGE
     }
  :: atomic { lateWhat != 0 -> lateWhat = 0; lateApp = 0; RESET_LATE_AGE; TELL(NOBODY, dropped, 0, 0) }
#endif
#ifdef REFRESH
  /* One that nobody renews. code: src/sessions/lease.ts, holdLease */
  :: atomic { lease == 3 -> lease = 0; TELL(NOBODY, runsout, 0, 0) }
#ifdef FAULT_LEASE_IS_SHORT
  :: atomic { (lease == 1 && isCalling[0]) || (lease == 2 && isCalling[1]) -> lease = 0; TELL(NOBODY, runsout, 0, 0) }
#endif
#endif
#ifdef NEAR
  /* A process hears of a change. code: src/stores/redis/near/near-store.ts, withNearReads */
  :: atomic {
       if :: unheard[0] -> q = 0 :: unheard[1] -> q = 1 :: unheard[2] -> q = 2 :: unheard[3] -> q = 3 fi;
       unheard[q] = 0;
#ifndef FAULT_NEAR_HEARS_NOTHING
       forget(q);
#endif
       TELL(NOBODY, hears, q, 0); q = 0
     }
  /*
   * A beat is sent and comes back behind all that was published before it. It is one step, at the moment at which it is sent:
   * until it really is back the process has the older proof, and then it serves what it serves here without this step.
   * code: src/stores/redis/near/heartbeat.ts, beatOnce
   */
  :: atomic {
       if :: CAN_HEAR(0) -> q = 0 :: CAN_HEAR(1) -> q = 1 :: CAN_HEAR(2) -> q = 2 :: CAN_HEAR(3) -> q = 3 fi;
       if
       :: unheard[q] -> unheard[q] = 0;
#ifndef FAULT_NEAR_HEARS_NOTHING
          forget(q)
#endif
       :: else
       fi;
       if :: proof[q] > BOUND -> forget(q) :: else fi;
       proof[q] = 0;
       TELL(NOBODY, beats, q, 0); q = 0
     }
#ifdef REPLICA
  /* The connection that listened is lost, and a new one listens. code: src/stores/redis/near/heartbeat.ts, lose */
  :: atomic {
       if :: deaf[0] -> q = 0 :: deaf[1] -> q = 1 :: deaf[2] -> q = 2 :: deaf[3] -> q = 3 fi;
       deaf[q] = 0; unheard[q] = 0; proof[q] = BOUND + 1; forget(q);
       TELL(NOBODY, lapses, q, 0); q = 0
     }
#endif
#endif
#if defined(NEAR) || defined(IDLE)
  :: atomic { CAN_TICK -> passTime(); TELL(NOBODY, tick, 0, 0) }
#endif
  od
}

init {
#ifdef IDLE
  confirmed[0] = OLD_AGE; confirmed[1] = OLD_AGE;
#endif
  atomic {
    run Tab(0); run Tab(1);
#if !defined(SMALL) || !defined(IDLE)
    run Operator(2)
#endif
  }
}
