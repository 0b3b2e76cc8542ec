/*
 * One flow, sent once: intent, sending, reconciliation (connectors dossier §9).
 *
 * What is modelled: several processes of the engine on one store, the tiers de télétransmission (TdT)
 * and the line between them. A process may die at every step; a lease may end while its worker still
 * works; an answer may be lost before or after the effect; a request may still be on its way when its
 * sender has given up; an older backup may be restored. Each `atomic` of a worker is one transaction
 * of the store, or one thing that the TdT does: nothing else is atomic.
 *
 * The numbers of crashes, losses… are bounded, and every interleaving within them is examined.
 * Checked: never two copies; what is recorded as deposited has landed; what is recorded as refused
 * has not; every flow ends deposited, refused, or as a task told to a person.
 *
 * KIND says what protects the flow on the other side:
 *   ACTE    its number (KO "même numéro interne existe déjà"); found again by probes A and B (§9.2)
 *   PES     the SHA-1 of its bytes (KO "doublon"); cannot be found, is offered again (§9.3)
 *   REPLY   nothing: it is never sent again (§9.1)
 *   CANCEL  "déjà en cours" while one is pending, "n'est pas en état" once it has been granted
 *
 * With -DLATE the wait of §9.2 step 2 may end too soon (a machine that was frozen between its intent
 * and its sending, a clock pushed forward): a request may then land after the TdT was asked. Still
 * nothing lands twice, and nothing is called deposited that has not landed; but a flow may be called
 * refused although an earlier request lands afterwards, if the TdT changed its mind in between.
 *
 * Run by tests/integration/test_model.py, which also switches each MUTANT_… on, to see the model find
 * the mistake. By hand, in a folder of its own:
 *   spin -a -DKIND=ACTE ../model/sending.pml
 *   gcc -w -O2 -DNOREDUCE -DSAFETY -DNOCLAIM -o pan pan.c && ./pan -E -m2000000        two copies, lies
 *   gcc -w -O2 -DNOREDUCE -DNFAIR=4 -o pan pan.c && ./pan -a -f -m2000000              loss
 */

#define ACTE   0
#define PES    1
#define REPLY  2
#define CANCEL 3
#ifndef KIND
#define KIND ACTE
#endif

#if KIND == REPLY || KIND == CANCEL
#define NUMBERED 0
#else
#define NUMBERED 1
#endif

#define WORKERS 2
#define SLOTS 3                          /* requests on the line at the same time */
#define NOBODY 255

#ifndef CRASHES
#define CRASHES 1                        /* SIGKILL of a process of the engine */
#endif
#ifndef LOSSES
#define LOSSES 1                         /* faults of the line or of the TdT */
#endif
#ifndef EARLY
#define EARLY 1                          /* leases that end although their worker lives */
#endif
#ifndef RESTORES
#define RESTORES 1                       /* an older backup comes back */
#endif
#ifndef MOODS
#define MOODS 1                          /* changes of `closed` */
#endif
#ifndef PERSONS
#if KIND == REPLY && !defined(LATE)
#define PERSONS 2                        /* times that somebody says that it is not there */
#else
#define PERSONS 0
#endif
#endif
mtype = { TODO, DOING, SUSPENDED, LANDED, DEPOSITED, REFUSED };   /* demat.queue.states */
mtype = { NONE, OK, DUPLICATE, REFUSAL, NOT_NOW, LOST, UNREACHABLE };   /* what a sender learns */

/* --- the store: survives a crash --------------------------------------------------------------- */
mtype state = TODO;
byte tries = 0;                          /* attempts; 2 stands for two or more */
byte holder = NOBODY;                    /* claim_token */
bool lease = false;                      /* lease_until lies ahead */
bool rested = false;                     /* suspended for longer than reconcile.PROCESSING */
bool told = false;                       /* a person was told that nobody knows, and why */
bool doubt = false;                      /* unknown_since */
bool said_there = false;                 /* faults: CON-DUPLICATE_NUMBER */

/* --- the last backup ---------------------------------------------------------------------------- */
mtype kept_state = TODO;
byte kept_tries = 0;
bool kept_told = false;
bool kept_doubt = false;
bool kept_said_there = false;

/* --- the line: survives a crash of its sender --------------------------------------------------- */
byte wire[SLOTS] = 0;                    /* 0 free, worker + 1, or ORPHAN */
#define ORPHAN (WORKERS + 1)
mtype answer[WORKERS] = NONE;

/* --- the TdT ------------------------------------------------------------------------------------ */
byte landed = 0;                         /* copies of this flow that it took */
bool bad = false;                        /* it refuses this flow, always: a date, a typology… */
bool closed = false;                     /* it refuses every flow for now: rights, RGS, paper mode */
bool foreign = false;                    /* another act has that number, or somebody posted that PES */
bool pending = false;                    /* a cancellation awaits the préfecture */
bool granted = false;                    /* it was granted */

/* --- the processes of the engine ---------------------------------------------------------------- */
bool killed[WORKERS] = false;
bool busy[WORKERS] = false;              /* holds a claim, or thinks so */
bool fresh[WORKERS] = false;             /* asks about the last sending: none was begun since */

byte crashes = CRASHES;
byte losses = LOSSES;
byte early = EARLY;
byte restores = RESTORES;
byte moods = MOODS;
byte persons = PERSONS;

#define QUIET (wire[0] == 0 && wire[1] == 0 && wire[2] == 0)
#define HELD(w) (state == DOING && holder == w && lease)
#define OURS (attempt > 1 || KIND == PES)  /* our own earlier try may be the duplicate */

inline suspend() {
	state = SUSPENDED; holder = NOBODY; lease = false; rested = false; doubt = true; said_there = false
}
inline conclude(to) { state = to; holder = NOBODY; lease = false; said_there = false }
inline begin() {                         /* what was asked before says nothing of this sending */
	tries = (tries < 2 -> tries + 1 : 2);
	fresh[0] = false; fresh[1] = false
}
inline offer_again() {                   /* Store.offer_again(attempt=…) */
	atomic {
		if
#ifdef MUTANT_STALE_ANSWER
		:: state == SUSPENDED ->
#else
		:: state == SUSPENDED && fresh[me] ->
#endif
#if (KIND == ACTE || KIND == CANCEL) && !defined(LATE)
			assert(landed == 0);     /* it was asked: never offered as "nowhere" once it is there */
#endif
			conclude(TODO)
		:: else
		fi;
		fresh[me] = false
	}
}

/* HttpsClient.post: from here on the request exists, whatever becomes of its sender */
inline post() {
	atomic {
		answer[me] = NONE;
		if
		:: wire[0] == 0 -> wire[0] = me + 1
		:: wire[0] != 0 && wire[1] == 0 -> wire[1] = me + 1
		:: wire[0] != 0 && wire[1] != 0 && wire[2] == 0 -> wire[2] = me + 1
		fi
	}
}

/* whoever stops listening leaves the request on the line */
inline leave(w) {
	if :: wire[0] == w + 1 -> wire[0] = ORPHAN :: else fi;
	if :: wire[1] == w + 1 -> wire[1] = ORPHAN :: else fi;
	if :: wire[2] == w + 1 -> wire[2] = ORPHAN :: else fi
}

/* S2lowConnector.deposit: the connection is tried first (surely not received), then the form is posted
   and its answer awaited, until the time-out (perhaps received) */
inline deposit() {
	if
	:: atomic { losses > 0 -> losses--; answer[me] = UNREACHABLE }
	:: post();
	   if
	   :: answer[me] != NONE
	   :: atomic { answer[me] == NONE && losses > 0 -> losses--; answer[me] = LOST; leave(me) }
	   fi
	fi
}

proctype Worker(byte me) {
	byte attempt = 0;
	bool was_doubtful = false;
restart:
	{
end:
		do
		/* ----- transmit_due: Store.claim commits the intent, then transmit() sends ------------- */
#ifdef MUTANT_INTENT_AFTER_EFFECT
		:: atomic { state == TODO -> busy[me] = true; attempt = (tries < 2 -> tries + 1 : 2); was_doubtful = doubt };
		   deposit();
		   atomic { state == TODO -> state = DOING; holder = me; lease = true; begin() };
#else
		:: atomic {
#ifdef MUTANT_SUSPENDED_IS_TODO
			state == TODO || state == SUSPENDED ->
#else
			state == TODO ->
#endif
			state = DOING; holder = me; lease = true; busy[me] = true;
			begin();
			attempt = tries; was_doubtful = doubt
		   };
		   deposit();
#endif
		   if
		   :: answer[me] == OK ->                                  /* transmit._deposited */
			if
			:: atomic { HELD(me) -> conclude(DEPOSITED) }
			:: atomic { !HELD(me) -> skip };                   /* TransitionRefused */
			   atomic {                                        /* Store.recover_expired */
				if :: state == DOING && !lease -> suspend() :: else fi
			   };
			   atomic {                                        /* Store.resolve_landed */
				if :: state == SUSPENDED || state == LANDED -> conclude(DEPOSITED) :: else fi
			   }
			fi
		   :: answer[me] == UNREACHABLE ->                         /* Store.postpone */
			atomic { if :: HELD(me) -> conclude(TODO) :: else fi }
		   :: answer[me] == LOST ->                                /* Store.suspend */
#ifdef MUTANT_RESENT_BLINDLY
			atomic { if :: HELD(me) -> conclude(TODO) :: else fi }
#else
			atomic { if :: HELD(me) -> suspend() :: else fi }
#endif
		   :: answer[me] == DUPLICATE ->                           /* transmit._refused */
			atomic {
				if
#ifdef MUTANT_NO_CLAIM_TOKEN
				:: state == DOING && attempt == 1 && KIND != PES -> conclude(REFUSED)
#endif
#ifdef MUTANT_DUPLICATE_IS_REFUSED
				:: HELD(me) -> conclude(REFUSED)
#else
#ifdef MUTANT_DUPLICATE_IS_SUCCESS
				:: HELD(me) -> conclude(DEPOSITED)
#else
				:: HELD(me) && KIND == PES -> conclude(LANDED); doubt = true
				:: HELD(me) && KIND != PES && attempt > 1 -> suspend(); said_there = true
				:: HELD(me) && KIND != PES && attempt == 1 -> conclude(REFUSED)
#endif
#endif
				:: else
				fi
			}
		   :: answer[me] == NOT_NOW ->                             /* Refused, inconclusive */
			atomic {
				if
#ifndef MUTANT_REFUSAL_BELIEVED
				:: HELD(me) && was_doubtful -> suspend()
				:: HELD(me) && !was_doubtful -> conclude(REFUSED)
#else
				:: HELD(me) -> conclude(REFUSED)
#endif
				:: else
				fi
			}
		   :: answer[me] == REFUSAL ->
			atomic { if :: HELD(me) -> conclude(REFUSED) :: else fi }
		   fi;
		   atomic { busy[me] = false; answer[me] = NONE; attempt = 0; was_doubtful = false }

		/* ----- reconcile_all: Store.recover_expired --------------------------------------------- */
#ifndef MUTANT_NEVER_RECOVERED
		:: atomic { state == DOING && !lease ->
#ifdef MUTANT_EXPIRED_IS_TODO
			conclude(TODO)
#else
			suspend()
#endif
		   }
#endif
		/* ----- reconcile_all: _reconcile: one thing to ask, another to conclude; meanwhile another
		   process may have asked, concluded and sent ----------------------------------------------- */
#if KIND == ACTE
		:: atomic { state == SUSPENDED && rested -> fresh[me] = true };
		   if                                                      /* probes A, B: S2lowConnector._find_acte */
		   :: landed > 0 ->
		      atomic { if :: state == SUSPENDED -> conclude(DEPOSITED) :: else fi; fresh[me] = false }
		   :: atomic { landed == 0 && foreign -> told = true; fresh[me] = false }   /* CON-NUMBER_CLASH */
		   :: atomic { landed == 0 && !foreign && said_there -> fresh[me] = false } /* asked again */
		   :: landed == 0 && !foreign && !said_there ->
		      offer_again()                                        /* probe C */
		   fi
#endif
#if KIND == CANCEL
		:: atomic { state == SUSPENDED && rested -> fresh[me] = true };   /* S2lowConnector._find_cancellation */
		   if
		   :: landed > 0 ->
		      atomic { if :: state == SUSPENDED -> conclude(DEPOSITED) :: else fi; fresh[me] = false }
		   :: landed == 0 -> offer_again()
		   fi
#endif
#if KIND == REPLY
		:: state == SUSPENDED && rested ->                         /* S2lowConnector._find_reply */
		   if
		   :: landed == 1 -> atomic { if :: state == SUSPENDED -> conclude(DEPOSITED) :: else fi }
#ifdef MUTANT_REPLY_SAID_ABSENT
		   :: landed == 0 -> atomic { if :: state == SUSPENDED -> conclude(TODO) :: else fi }
#else
		   :: state == SUSPENDED                                   /* CON-REPLY_UNKNOWN: asked again */
#endif
		   :: state != SUSPENDED
		   fi
#endif
#if KIND == PES
		:: atomic { state == SUSPENDED && rested -> fresh[me] = true };
		   offer_again()                                           /* CON-NO_SEARCH: the same bytes, §9.3 */
#endif
		od
	} unless { killed[me] };
	atomic {
		attempt = 0; was_doubtful = false; answer[me] = NONE; busy[me] = false; fresh[me] = false;
		killed[me] = false
	};
	goto restart
}

/* What the TdT does with one request (connectors dossier §1.4.2, §1.4.10, §1.6.1, §1.9.1) */
inline serve(slot) {
	d_step {
		by = wire[slot];
		wire[slot] = 0;
		verdict = OK;
		if
		:: closed -> verdict = NOT_NOW
		:: !closed && bad -> verdict = REFUSAL
		:: !closed && !bad && foreign && NUMBERED -> verdict = DUPLICATE
#if KIND == ACTE
		:: !closed && !bad && !foreign && landed > 0 -> verdict = DUPLICATE
#endif
#if KIND == PES && !defined(MUTANT_REBUILT)
		:: !closed && !bad && !foreign && landed > 0 -> verdict = DUPLICATE
#endif
#if KIND == CANCEL
		/* "déjà en cours", "n'est pas en état": the connector then finds the cancellation that is there,
		   S2lowConnector._cancellation_there */
		:: !closed && !bad && (pending || granted) -> verdict = (landed > 0 -> OK : REFUSAL); there = true
#endif
		:: else -> landed++
		fi;
#if KIND == CANCEL
		if :: verdict == OK && !there -> pending = true :: else fi;
		there = false;
#endif
	}
	if
	:: by == ORPHAN
	:: by != ORPHAN -> answer[by - 1] = verdict
	:: by != ORPHAN && losses > 0 -> losses--; answer[by - 1] = LOST     /* fault F8 */
	fi
}

/* A fault before the effect: it did not land, and its sender does not know (F4, F5, F7), or was told so
   (KO "initialisation du module": Refused, transient) */
inline drop(slot) {
	losses--;
	by = wire[slot];
	wire[slot] = 0;
	if
	:: by == ORPHAN
	:: by != ORPHAN -> answer[by - 1] = LOST
	:: by != ORPHAN -> answer[by - 1] = UNREACHABLE
	fi
}

proctype Tdt() {
	byte by = 0;
	mtype verdict = NONE;
	bool there = false;
end:
	do
	:: atomic { wire[0] != 0 -> serve(0); by = 0; verdict = NONE }
	:: atomic { wire[1] != 0 -> serve(1); by = 0; verdict = NONE }
	:: atomic { wire[2] != 0 -> serve(2); by = 0; verdict = NONE }
	:: atomic { wire[0] != 0 && losses > 0 -> drop(0); by = 0 }
	:: atomic { wire[1] != 0 && losses > 0 -> drop(1); by = 0 }
	:: atomic { wire[2] != 0 && losses > 0 -> drop(2); by = 0 }
#if KIND == CANCEL
	:: atomic { pending -> pending = false; granted = true }
#ifdef REFUSED_BY_PREFECTURE
	:: atomic { pending -> pending = false }
#endif
#endif
	od
}

/* A request on its way, or a worker that is about to send one */
#define STILL_COMING (!QUIET || (busy[0] && holder != 0) || (busy[1] && holder != 1))

proctype Time() {
end:
	do
	/* the lease of a dead worker ends; that of a living one may */
	:: atomic { state == DOING && lease && holder != NOBODY && !busy[holder] -> lease = false }
	:: atomic { state == DOING && lease && early > 0 -> early--; lease = false }
	/* reconcile._may_ask */
#ifdef LATE
	:: atomic { state == SUSPENDED && !rested -> rested = true }
#else
	:: atomic { state == SUSPENDED && !rested && !STILL_COMING -> rested = true }
#endif
	od
}

/* after 24 hours reconcile.to_settle asks a person, every night until somebody has answered */
proctype Nights() {
end:
#ifndef MUTANT_NOBODY_TOLD
	do
	:: atomic { doubt && !told -> told = true }
	od
#endif
	skip
}

/* settle.settle_not_landed: who was asked looks on the site of the TdT and says that it is not there,
   which is believed only once nothing can be on its way any more (QUE-TOO_EARLY). Who is wrong about
   what is protected on the other side does no harm: a reply is what nothing protects. */
proctype Person() {
end:
	do
#ifdef MUTANT_BELIEVED_TOO_EARLY
	:: atomic { persons > 0 && doubt && landed == 0 && state == SUSPENDED ->
#else
	:: atomic { persons > 0 && doubt && landed == 0 && state == SUSPENDED && rested ->
#endif
		persons--; conclude(TODO); doubt = false; told = false
	   }
	od
}

/* rights, certificate, paper mode, limits: what the TdT refuses today it may take tomorrow */
proctype Mood() {
end:
	do
	:: atomic { moods > 0 -> moods--; closed = !closed }
	od
}

inline kill(w) { killed[w] = true; busy[w] = false; fresh[w] = false; answer[w] = NONE; leave(w) }

proctype Fate() {
	byte who;
end:
	do
	:: atomic { crashes > 0 -> crashes--;
		if :: who = 0 :: who = 1 fi;
		kill(who); who = 0
	   }
	:: atomic { restores > 0 && RESTORES > 0 ->                        /* demat backup */
		kept_state = state; kept_tries = tries; kept_told = told;
		kept_doubt = doubt; kept_said_there = said_there
	   }
	/* demat restore (Restoring.record_restoration): no process works meanwhile; all that may have left
	   since the backup is suspended */
	:: atomic { restores > 0 ->
		restores--;
		kill(0); kill(1);
		state = kept_state; tries = kept_tries; told = kept_told;
		doubt = kept_doubt; said_there = kept_said_there;
		holder = NOBODY; lease = false;
#ifndef MUTANT_RESTORED_AS_RESTED
		rested = false;                  /* what left since the backup may still be on its way */
#endif
		if
#ifndef MUTANT_RESTORED_AS_IT_WAS
		:: state == TODO || state == DOING -> suspend()
#endif
		:: else
		fi
	   }
	od
}

#define ENDED (state == DEPOSITED || state == REFUSED || state == LANDED || (doubt && told))

/* Never two copies; what is recorded is true */
active proctype Monitor() {
end:
	if
	:: atomic { landed > 1 -> assert(false) }
	:: atomic { state == DEPOSITED && landed == 0 -> assert(false) }
#if !defined(LATE) || (MOODS == 0 && RESTORES == 0 && KIND != CANCEL)
	:: atomic { state == REFUSED && landed > 0 -> assert(false) }
#endif
#if KIND == PES
	:: atomic { state == LANDED && landed == 0 && !foreign -> assert(false) }
#endif
	fi
}

/* a run in which nothing happens any more is an endless one too: pan must look at it */
bit nothing = 0;
active proctype Idle() {
end:
	do
	:: nothing = 0
	od
}

ltl never_lost { <>[] ENDED }

init {
	atomic {
		if :: bad = true :: skip fi;
#if NUMBERED
		if :: foreign = true :: skip fi;
#endif
		run Worker(0);
		run Worker(1);
		run Tdt();
		run Time();
		run Nights();
		run Person();
		run Mood();
		run Fate()
	}
}
