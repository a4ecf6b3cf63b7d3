/* Redemption (spec 9) for one token: two processes that serve at its lender, one at another lender, a
 * member who sends the same request again and again (and, unless HONEST, another one too), crashes
 * between any two steps, an upstream that is not idempotent, and an operator who may say --resume while
 * the former attempt still lives.
 *
 * MODE 0 is the specification. The others are designs that look simpler and must fail:
 *   1  check, then insert: the claim is not atomic
 *   2  relay, then claim
 *   3  no audience: each lender has a copy of the spent-set, and the copies exchange news
 *   4  deliver, then settle
 *   5  no claim id: a late attempt settles or releases what another one holds
 *
 * check runs all of them.
 */
#ifndef MODE
#define MODE 0
#endif
#ifndef MAXCRASH
#define MAXCRASH 2
#endif
#ifndef MAXRESUME
#define MAXRESUME 1
#endif

#define AUDIENCE 0
mtype = { absent, claimed, released, served };

/* Durable: the entry of the token in each lender's spent-set. */
mtype state[2] = absent;
byte digest[2], claim[2], refunds[2];
/* The lock of the process that holds the claim; the system drops it when that process dies. */
bool owner_lives[2];
byte owner[2];

byte next_claim = 1;
/* What is counted. crashes: before settling. calls: upstream's own count. */
byte crashes, resumes, calls, deliveries, lost, all_refunds;
/* Whether an attempt has ended a claim that was not its own. */
bool stale_acted;

/* A process may die here: what is volatile is gone, and the lock. */
inline MayCrash(L, me, settled) {
  if
  :: crashes + lost < MAXCRASH ->
     atomic {
       if :: settled -> lost++ :: else -> crashes++ fi;
       if :: owner[L] == me -> owner_lives[L] = false :: else -> skip fi;
       mine = 0;
       goto idle
     }
  :: skip
  fi
}

inline NewClaim(L, me) {
  mine = next_claim; next_claim++;
  state[L] = claimed; claim[L] = mine; digest[L] = d; owner[L] = me; owner_lives[L] = true
}

#if MODE == 5
#define CURRENT(L) (state[L] == claimed)
#else
#define CURRENT(L) (state[L] == claimed && claim[L] == mine)
#endif

proctype Server(byte L; byte me) {
  byte d, mine;
  bool may_go, consumed;
idle:
  do
  :: /* A borrow comes in. */
     d_step { d = 1; mine = 0; may_go = false; consumed = false };
#ifndef HONEST
     if :: d = 1 :: d = 2 fi;
#endif
#if MODE != 3
     if :: L != AUDIENCE -> goto idle :: else -> skip fi;  /* VerifyToken.3 */
#endif
#if MODE == 2
     atomic { calls++; consumed = true };
     MayCrash(L, me, false);
#endif
#if MODE == 1
     if
     :: state[L] == served || state[L] == claimed -> goto idle
     :: else -> skip
     fi;
     MayCrash(L, me, false);
     atomic { NewClaim(L, me); may_go = true };
#else
     /* Claim: one atomic step, durable when it is over. */
     atomic {
       if
       :: state[L] == served -> skip
       :: state[L] == claimed && digest[L] != d -> skip                     /* double-spend */
       :: state[L] == claimed && digest[L] == d && owner_lives[L] && resumes < MAXRESUME ->
          resumes++; NewClaim(L, me); may_go = true                         /* --resume, wrongly */
       :: state[L] == claimed && digest[L] == d && owner_lives[L] -> skip   /* busy */
       :: state[L] == claimed && digest[L] == d && !owner_lives[L] -> NewClaim(L, me); may_go = true
       :: state[L] == absent || state[L] == released -> NewClaim(L, me); may_go = true
       fi
     };
#endif
     if :: !may_go -> goto idle :: else -> skip fi;
     MayCrash(L, me, false);
#if MODE != 2
     /* Upstream: it may have consumed the request or not. */
     atomic { calls++; if :: consumed = true :: consumed = false fi };
     MayCrash(L, me, false);
#endif
     if
     :: !consumed && refunds[L] < 2 ->
        /* Release */
        atomic {
          if
          :: CURRENT(L) ->
             stale_acted = stale_acted || claim[L] != mine;
             state[L] = released; refunds[L]++; all_refunds++
          :: else -> skip
          fi;
          mine = 0
        };
        goto idle
     :: else -> skip
     fi;
#if MODE == 4
     atomic { deliveries++ };
     MayCrash(L, me, false);
#endif
     /* Settle */
     atomic {
       if
       :: CURRENT(L) ->
          stale_acted = stale_acted || claim[L] != mine;
          state[L] = served
       :: else -> mine = 0; goto idle                                       /* stale: no reply */
       fi
     };
#if MODE != 4
     MayCrash(L, me, true);
     atomic { deliveries++ };
#endif
     mine = 0
  od
}

#if MODE == 3
active proctype Gossip() {
  do
  :: atomic { state[0] != absent && state[1] == absent -> state[1] = served }
  :: atomic { state[1] != absent && state[0] == absent -> state[0] = served }
  od
}
#endif

init {
  atomic { run Server(0, 0); run Server(0, 1); run Server(1, 2) }
}

/* At most one reply is delivered. */
ltl one_delivery { [] (deliveries <= 1) }
/* Upstream is called at most once, and once more for each crash before settling, each refund and each
 * attempt that was taken over. */
ltl calls_bounded { [] (calls <= 1 + crashes + all_refunds + resumes) }
/* served is final. */
ltl served_is_final { [] (state[0] == served -> [] (state[0] == served)) }
/* A late Settle or Release changes nothing. */
ltl stale_changes_nothing { [] !stale_acted }
/* A reply is delivered, or it was lost in a crash after settling, and counted. */
ltl nothing_vanishes { [] (state[0] == served -> <> (deliveries == 1 || lost > 0)) }
/* A member who sends the same request again and again is served in the end. For HONEST. */
ltl live { <> (state[0] == served) }
