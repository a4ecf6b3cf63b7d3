(* The algebra of chapters 4 and 5, in the units of Z/n: for every n above 1, every e, every message and
   every strategy of the signer. Checked by spec/proofs/check; README.md beside this file says what is not
   proved. Above each theorem stand the labels of chapter A that it bears on.

   h is the hash of a message, a unit (FDH); r the blinding factor; blinded = h * r^e; blind_sig the
   signer's answer; s the signature as an integer. *)
From mathcomp Require Import all_ssreflect fingroup perm morphism quotient.
From mathcomp Require Import ssralg zmodp cyclic finalg pgroup.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GroupScope.

(* ---- Counting ------------------------------------------------------------------------------------------ *)

Lemma card_fibres (X Y : finType) (P : pred X) (f : X -> Y) :
  #|[set x | P x]| = \sum_(v : Y) #|[set x | P x && (f x == v)]|.
Proof.
rewrite -sum1dep_card (partition_big f xpredT) //=.
by apply: eq_bigr => v _; rewrite sum1dep_card.
Qed.

Lemma card_pairs (X Y : finType) (P : X -> pred Y) :
  #|[set xy : X * Y | P xy.1 xy.2]| = \sum_(x : X) #|[set y | P x y]|.
Proof.
rewrite (card_fibres _ (fun xy => xy.1)); apply: eq_bigr => x _.
have inj : injective (fun y : Y => (x, y)) by move=> y z [].
rewrite -[RHS](card_imset _ inj); apply: eq_card => -[x' y]; rewrite inE /=.
apply/andP/imsetP => [[Pxy /eqP E]|[z]].
  by rewrite E in Pxy *; exists y; rewrite ?inE.
by rewrite inE => Pxz [-> ->].
Qed.

(* Of all permutations one in #|I| takes i to j. *)
Lemma card_perm_at (I : finType) (i j : I) : (#|[set p : {perm I} | p i == j]| * #|I|)%N = #|{: {perm I}}|.
Proof.
have -> : #|{: {perm I}}| = \sum_(k : I) #|[set p : {perm I} | p i == k]|.
  rewrite -sum1_card (partition_big (fun p : {perm I} => p i) xpredT) //=.
  by apply: eq_bigr => k _; rewrite sum1dep_card.
rewrite mulnC -sum_nat_const; apply: eq_bigr => k _.
rewrite -(card_imset _ (mulIg (tperm j k))); apply: eq_card => q; rewrite inE.
apply/imsetP/eqP => [[p]|<-]; first by rewrite inE => /eqP pij ->; rewrite permM pij tpermL.
exists (q * tperm j (q i)); first by rewrite inE permM tpermR.
by rewrite -mulgA tperm2 mulg1.
Qed.

Section BlindSignature.
Variables (n e d : nat).
Hypothesis n_gt1 : 1 < n.
Notation U := {unit 'Z_n}.

Definition Blind     (h r : U)         : U := h * r ^+ e.     (* Blind.4 *)
Definition RawPublic (x : U)           : U := x ^+ e.
Definition BlindSign (blinded : U)     : U := blinded ^+ d.   (* what RawPrivate comes to *)
Definition Finalize  (blind_sig r : U) : U := blind_sig * r^-1. (* Finalize.3 *)
Definition Verify    (h s : U)         : bool := s ^+ e == h. (* Verify.4 *)

Lemma mulUC (x y : U) : x * y = y * x.
Proof. by apply: val_inj; rewrite /= GRing.mulrC. Qed.

Lemma expUM (x y : U) k : (x * y) ^+ k = x ^+ k * y ^+ k.
Proof. by apply: expgMn; apply: mulUC. Qed.

Lemma cardU : #|[set: U]| = totient n.
Proof. by rewrite -[RHS]card_units_Zp // ltnW. Qed.

Lemma expU_totient (x : U) : x ^+ totient n = 1.
Proof. by rewrite -cardU expg_cardG ?inE. Qed.

(* Claim.AbortsTellNothing, Claim.FinalizeVerifies. Whether a session succeeds depends on what the signer
   saw and answered and on nothing else: not on the message, not on r. *)
Theorem check_is_public h r blind_sig :
  Verify h (Finalize blind_sig r) = (blind_sig ^+ e == Blind h r).
Proof.
rewrite /Verify /Finalize /Blind expUM expgVn.
by rewrite -(inj_eq (mulIg (r ^+ e))) mulgKV.
Qed.

Lemma FinalizeE blind_sig r s : Finalize blind_sig r = s -> r = blind_sig * s^-1.
Proof. by move=> <-; rewrite /Finalize invMg invgK mulUC -mulgA mulVg mulg1. Qed.

Lemma FinalizeK blind_sig s : Finalize blind_sig (blind_sig * s^-1) = s.
Proof. by rewrite /Finalize invMg invgK mulUC -mulgA mulVg mulg1. Qed.

Lemma BlindE h s blind_sig b : Verify h s -> blind_sig ^+ e = b -> Blind h (blind_sig * s^-1) = b.
Proof.
move=> /eqP vs eb; rewrite /Blind expUM expgVn vs eb.
by rewrite [b * _]mulUC mulgA mulgV mul1g.
Qed.

(* ---- The game with two members (chapter A) -------------------------------------------------------------
   Member A holds the message with hash hA, member B the one with hB. In order 0 A's session comes first, in
   order 1 B's. S is the signer's strategy: it sees both requests before it answers. It is then shown A's
   signature and B's, if both sessions succeeded, and nothing otherwise. A signer that draws random bytes is
   a mixture of such strategies. *)
Definition view := (U * U * option (U * U))%type.
Definition order0 (hA hB : U) (S : U * U -> U * U) (rr : U * U) : view :=
  let b := (Blind hA rr.1, Blind hB rr.2) in
  let sA := Finalize (S b).1 rr.1 in let sB := Finalize (S b).2 rr.2 in
  (b, if Verify hA sA && Verify hB sB then Some (sA, sB) else None).
Definition order1 (hA hB : U) (S : U * U -> U * U) (rr : U * U) : view :=
  let b := (Blind hB rr.1, Blind hA rr.2) in
  let sB := Finalize (S b).1 rr.1 in let sA := Finalize (S b).2 rr.2 in
  (b, if Verify hA sA && Verify hB sB then Some (sA, sB) else None).

(* ---- Any key: nothing is assumed of n and e ------------------------------------------------------------ *)
Section AnyKey.
Variables (hA hB : U) (S : U * U -> U * U) (b1 b2 sA sB : U).
Let b := (b1, b2).
Definition good : bool := [&& (S b).1 ^+ e == b1, (S b).2 ^+ e == b2,
  Verify hA sA & Verify hB sB].

Lemma count0 : #|[set rr | order0 hA hB S rr == (b, Some (sA, sB))]| = good.
Proof.
case G: good.
  apply/eqP/cards1P; exists ((S b).1 * sA^-1, (S b).2 * sB^-1).
  case/and4P: G => /eqP e1 /eqP e2 vA vB.
  apply/setP=> -[r1 r2]; rewrite !inE /order0 /=; apply/eqP/eqP=> [|[-> ->]].
    by case=> -> ->; case: ifP => // _ [] /FinalizeE -> /FinalizeE ->.
  by rewrite !(BlindE vA e1) !(BlindE vB e2) !FinalizeK vA vB.
apply/eqP; rewrite cards_eq0; apply/eqP/setP=> -[r1 r2]; rewrite !inE /order0 /=.
apply/eqP=> -[E1 E2]; case: ifP => // /andP[] vA vB [sAE sBE].
move: (vA) (vB); rewrite !check_is_public E1 E2 => e1 e2.
by move: vA vB G; rewrite sAE sBE /good e1 e2 => -> ->.
Qed.

Lemma count1 : #|[set rr | order1 hA hB S rr == (b, Some (sA, sB))]| = good.
Proof.
have -> : good = [&& (S b).1 ^+ e == b1, (S b).2 ^+ e == b2,
  Verify hB sB & Verify hA sA] by rewrite /good; do 2!congr (_ && _); rewrite andbC.
case G: [&& _, _, _ & _].
  apply/eqP/cards1P; exists ((S b).1 * sB^-1, (S b).2 * sA^-1).
  case/and4P: G => /eqP e1 /eqP e2 vB vA.
  apply/setP=> -[r1 r2]; rewrite !inE /order1 /=; apply/eqP/eqP=> [|[-> ->]].
    by case=> -> ->; case: ifP => // _ [] /FinalizeE -> /FinalizeE ->.
  by rewrite !(BlindE vB e1) !(BlindE vA e2) !FinalizeK vA vB.
apply/eqP; rewrite cards_eq0; apply/eqP/setP=> -[r1 r2]; rewrite !inE /order1 /=.
apply/eqP=> -[E1 E2]; case: ifP => // /andP[] vA vB [sAE sBE].
move: (vA) (vB); rewrite !check_is_public E1 E2 => e1 e2.
by move: vA vB G; rewrite sAE sBE e1 e2 => -> ->.
Qed.

(* Claim.AnyKey. Equally many pairs (r1, r2) give each view of two finished sessions in either order. *)
Theorem two_members_any_key :
  #|[set rr | order0 hA hB S rr == (b, Some (sA, sB))]| =
  #|[set rr | order1 hA hB S rr == (b, Some (sA, sB))]|.
Proof. by rewrite count0 count1. Qed.
End AnyKey.

(* ---- The game with N members ---------------------------------------------------------------------------
   Session i asks for the token whose hash is h (p i): the permutation p is the secret order. The signer
   sees all requests before it answers any; then it is shown, for each message, the signature if that
   session succeeded and nothing if it failed. *)
Section Members.
Variables (I : finType) (h : I -> U) (S : {ffun I -> U} -> {ffun I -> U}).
Implicit Types (p : {perm I}) (r b : {ffun I -> U}) (o : {ffun I -> option U}).

Definition requests p r : {ffun I -> U} := [ffun i => Blind (h (p i)) (r i)].
Definition token p r (j : I) : U := Finalize (S (requests p r) (p^-1 j)) (r (p^-1 j)).
Definition shown p r : {ffun I -> option U} :=
  [ffun j => if Verify (h j) (token p r j) then Some (token p r j) else None].
Definition seen p r := (requests p r, shown p r).

Definition all_good b (t : {ffun I -> U}) : bool :=
  [forall i, S b i ^+ e == b i] && [forall j, Verify (h j) (t j)].

Lemma count_members p b (t : {ffun I -> U}) :
  #|[set r | seen p r == (b, [ffun j => Some (t j)])]| = all_good b t.
Proof.
case G: (all_good b t).
  case/andP: G => /forallP answered /forallP valid.
  pose r0 : {ffun I -> U} := [ffun i => S b i * (t (p i))^-1].
  have R0 : requests p r0 = b.
    by apply/ffunP=> i; rewrite !ffunE; apply: BlindE (valid _) (eqP (answered i)).
  apply/eqP/cards1P; exists r0; apply/setP=> r; rewrite !inE; apply/eqP/eqP=> [[Eb Et]|->].
    apply/ffunP=> i; move/ffunP/(_ (p i)): Et; rewrite !ffunE /token Eb permK.
    by case: ifP => // _ [] /FinalizeE.
  rewrite /seen R0; congr (_, _); apply/ffunP=> j.
  by rewrite !ffunE /token R0 !ffunE permKV FinalizeK valid.
apply/eqP; rewrite cards_eq0; apply/eqP/setP=> r; rewrite !inE; apply/eqP=> -[Eb Et].
move/negP: G; apply; apply/andP; split; apply/forallP=> i.
  move/ffunP/(_ (p i)): Et; rewrite !ffunE /token Eb permK.
  case: ifP => // V _; move: V; rewrite check_is_public.
  by move/ffunP/(_ i): Eb; rewrite ffunE => ->.
by move/ffunP/(_ i): Et; rewrite !ffunE; case: ifP => // V [] <-.
Qed.

(* Claim.AnyKey. The same for any number of members: equally many choices of all blinding factors give
   each view of finished sessions, whatever the secret order. *)
Theorem members_any_key p1 p2 b (t : {ffun I -> U}) :
  #|[set r | seen p1 r == (b, [ffun j => Some (t j)])]| =
  #|[set r | seen p2 r == (b, [ffun j => Some (t j)])]|.
Proof. by rewrite !count_members. Qed.

Definition tokens p r : {ffun I -> U} := [ffun j => token p r j].
Definition finished p r : bool := [forall j, Verify (h j) (token p r j)].

Lemma count_finished p (v : {ffun I -> U} * {ffun I -> U}) :
  #|[set r | finished p r && ((requests p r, tokens p r) == v)]| = all_good v.1 v.2.
Proof.
case: v => b t; rewrite -(count_members p); apply: eq_card => r; rewrite !inE /seen.
apply/andP/eqP => [[/forallP F /eqP[-> <-]]|[-> /ffunP E]].
  by congr (_, _); apply/ffunP=> j; rewrite !ffunE F.
have A j : Verify (h j) (token p r j) /\ token p r j = t j.
  by have := E j; rewrite !ffunE; case: ifP => // V [].
split; first by apply/forallP=> j; case: (A j).
by apply/eqP; congr pair; apply/ffunP=> j; rewrite ffunE; case: (A j).
Qed.

(* Claim.Unlinkable, Claim.AnyKey. Whoever names the session that asked for token j, by any rule G from all
   requests and all tokens, is right in exactly one of N runs that finish: over all secret orders and all
   choices of the blinding factors, under any key and any strategy. *)
Theorem named_once_in_N (G : {ffun I -> U} * {ffun I -> U} -> I) (j : I) :
  (#|[set pr : {perm I} * {ffun I -> U} | finished pr.1 pr.2
        && (pr.1 (G (requests pr.1 pr.2, tokens pr.1 pr.2)) == j)]| * #|I|)%N
  = #|[set pr : {perm I} * {ffun I -> U} | finished pr.1 pr.2]|.
Proof.
pose f (pr : {perm I} * {ffun I -> U}) := (requests pr.1 pr.2, tokens pr.1 pr.2).
rewrite (card_fibres _ f) [RHS](card_fibres _ f) big_distrl /=; apply: eq_bigr => v _.
have -> : #|[set pr | finished pr.1 pr.2 && (f pr == v)]| = (#|{: {perm I}}| * all_good v.1 v.2)%N.
  rewrite (card_pairs (fun p r => finished p r && ((requests p r, tokens p r) == v))).
  rewrite (eq_bigr (fun=> all_good v.1 v.2 : nat)) => [|p _]; last exact: count_finished.
  by rewrite sum_nat_const.
rewrite -(card_perm_at (G v) j) mulnAC; congr (_ * _)%N.
transitivity #|[set pr : {perm I} * {ffun I -> U} |
    (pr.1 (G v) == j) && (finished pr.1 pr.2 && ((requests pr.1 pr.2, tokens pr.1 pr.2) == v))]|.
  apply: eq_card => -[p r]; rewrite !inE /f /=.
  by case: (_ =P v) => [<-|_]; rewrite ?andbT ?andbF // andbC.
rewrite (card_pairs (fun p r => (p (G v) == j) && (finished p r && ((requests p r, tokens p r) == v)))).
rewrite -sum1dep_card big_distrl /= [RHS]big_mkcond /=; apply: eq_bigr => p _.
case: ifP => [pij|_]; last first.
  by apply/eqP; rewrite cards_eq0; apply/eqP/setP => r; rewrite !inE.
by rewrite mul1n -(count_finished p v); apply: eq_card => r; rewrite !inE.
Qed.
End Members.

(* ---- A key whose x -> x^e permutes the units: d undoes e ----------------------------------------------- *)
Section PermutingKey.
Hypothesis ed1 : e * d = 1 %[mod totient n].

Lemma expU_eqmod (x : U) a b : a = b %[mod totient n] -> x ^+ a = x ^+ b.
Proof.
move=> ab; rewrite -(expg_mod _ (expU_totient x)) ab.
by rewrite (expg_mod _ (expU_totient x)).
Qed.

Lemma rsa_de (x : U) : (x ^+ e) ^+ d = x.
Proof. by rewrite -expgM (expU_eqmod x ed1) expg1. Qed.

Lemma rsa_ed (x : U) : (x ^+ d) ^+ e = x.
Proof. by rewrite -expgM mulnC (expU_eqmod x ed1) expg1. Qed.

(* Property.Unblind. r vanishes without a trace: the result is the signature of h, whatever r was. *)
Theorem unblind h r : Finalize (BlindSign (Blind h r)) r = BlindSign h.
Proof. by rewrite /Finalize /BlindSign /Blind expUM rsa_de mulgK. Qed.

(* Property.Unblind. And it verifies. *)
Theorem unblind_verifies h r : Verify h (Finalize (BlindSign (Blind h r)) r).
Proof. by rewrite unblind /Verify /BlindSign rsa_ed. Qed.

(* Claim.NoMark, Claim.OneForm. Exactly one unit passes as the signature of h. *)
Theorem signature_unique h s : Verify h s -> s = BlindSign h.
Proof. by move=> /eqP <-; rewrite /BlindSign rsa_de. Qed.

(* The blinding factor that would join a request to a message: r_ij = (blinded_i / h_j)^d. Whoever has the
   private key computes it for every pair, and finds one for every pair. *)
Definition link (b h : U) : U := BlindSign (b * h^-1).

Lemma link_consistent b h : Blind h (link b h) = b.
Proof. by rewrite /Blind /link /BlindSign rsa_ed mulUC mulgKV. Qed.

Lemma link_unique b h r : Blind h r = b -> r = link b h.
Proof.
by move=> <-; rewrite /link /Blind /BlindSign [h * _]mulUC mulgK rsa_de.
Qed.

(* Claim.Blind. Blinding maps the units one to one onto the units, so a uniform r makes a uniform value. *)
Theorem blind_bijective h : bijective (Blind h).
Proof.
exists (fun b => link b h) => [r|b]; first by rewrite -(link_unique (erefl _)).
exact: link_consistent.
Qed.

(* Claim.Blind, Claim.PastStaysHidden. Exactly one r joins any value that was sent to any message: with the
   private key in hand every request fits every token equally. *)
Theorem blind_count h b : #|[set r | Blind h r == b]| = 1%N.
Proof.
apply/eqP/cards1P; exists (link b h); apply/setP=> r; rewrite !inE.
by apply/eqP/eqP=> [/link_unique|->]; last exact: link_consistent.
Qed.

(* Claim.PastStaysHidden. What was sent for h1 with r1 would have been sent for h2 with one other r2. *)
Corollary blind_explained h1 h2 r1 : exists! r2, Blind h1 r1 = Blind h2 r2.
Proof.
exists (link (Blind h1 r1) h2); split; first by rewrite link_consistent.
by move=> r2 /esym/link_unique.
Qed.

(* Claim.OneByOne. One blind signature on a product of hashes passes the product test for two messages,
   of which the second is not signed. *)
Theorem product_test_one_signature h1 h2 r : h2 != 1 ->
  let s := Finalize (BlindSign (Blind (h1 * h2) r)) r in
  (s * 1) ^+ e = h1 * h2 /\ ~~ Verify h2 1.
Proof.
move=> h2n1 /=; rewrite unblind mulg1 /BlindSign rsa_ed; split=> //.
by rewrite /Verify expg1n eq_sym.
Qed.

Section Game.
Variables (hA hB : U) (S : U * U -> U * U).
Notation order0 := (order0 hA hB S).
Notation order1 := (order1 hA hB S).

Definition out (b : U * U) : option (U * U) :=
  if ((S b).1 ^+ e == b.1) && ((S b).2 ^+ e == b.2)
  then Some (BlindSign hA, BlindSign hB) else None.

Lemma order0E rr : order0 rr =
  ((Blind hA rr.1, Blind hB rr.2), out (Blind hA rr.1, Blind hB rr.2)).
Proof.
rewrite /order0 /out /= -!check_is_public; congr (_, _).
by case: ifP => // /andP[/signature_unique -> /signature_unique ->].
Qed.

Lemma order1E rr : order1 rr =
  ((Blind hB rr.1, Blind hA rr.2), out (Blind hB rr.1, Blind hA rr.2)).
Proof.
rewrite /order1 /out /= -!check_is_public andbC; congr (_, _).
by case: ifP => // /andP[/signature_unique -> /signature_unique ->].
Qed.

Lemma count_pair h1 h2 (v : view) :
  #|[set rr : U * U | ((Blind h1 rr.1, Blind h2 rr.2),
                       out (Blind h1 rr.1, Blind h2 rr.2)) == v]|
  = (v.2 == out v.1 : nat).
Proof.
case: v => [[b1 b2] o] /=; case: eqP => [->|Ho] /=.
  apply/eqP/cards1P; exists (link b1 h1, link b2 h2).
  apply/setP=> -[r1 r2]; rewrite !inE /=; apply/eqP/eqP=> [[]|[-> ->]].
    by move=> /link_unique -> /link_unique ->.
  by rewrite !link_consistent.
apply/eqP; rewrite cards_eq0; apply/eqP/setP=> -[r1 r2]; rewrite !inE /=.
by apply/eqP=> -[E1 E2 E3]; apply: Ho; rewrite -E1 -E2 E3.
Qed.

(* Claim.Unlinkable. The game with two members: equally many pairs (r1, r2) give each view in either order,
   sessions that fail included. *)
Theorem two_members v :
  #|[set rr | order0 rr == v]| = #|[set rr | order1 rr == v]|.
Proof.
transitivity (v.2 == out v.1 : nat); last (apply: esym).
  by rewrite -(count_pair hA hB v); apply: eq_card => rr; rewrite !inE order0E.
by rewrite -(count_pair hB hA v); apply: eq_card => rr; rewrite !inE order1E.
Qed.

(* Claim.Unlinkable. The game itself: whatever is guessed from the view, by any rule G, is right for exactly
   half of all coins and tapes. The advantage is zero. *)
Theorem guess_is_a_coin (G : view -> bool) :
  (#|[set cr : bool * (U * U) | G (if cr.1 then order1 cr.2 else order0 cr.2) == cr.1]| * 2)%N
  = #|{: bool * (U * U)}|.
Proof.
pose said1 (run : U * U -> view) := #|[set rr | G (run rr)]|.
have same : said1 order0 = said1 order1.
  rewrite /said1 (card_fibres _ order0) (card_fibres _ order1); apply: eq_bigr => v _.
  transitivity (if G v then #|[set rr | order0 rr == v]| else 0).
    by case: ifP => Gv; [apply: eq_card | apply/eqP; rewrite cards_eq0; apply/eqP/setP] => rr;
       rewrite !inE; case: eqP => [->|]; rewrite ?Gv ?andbF.
  rewrite two_members; apply: esym.
  by case: ifP => Gv; [apply: eq_card | apply/eqP; rewrite cards_eq0; apply/eqP/setP] => rr;
     rewrite !inE; case: eqP => [->|]; rewrite ?Gv ?andbF.
rewrite (card_pairs (fun c rr => G (if c then order1 rr else order0 rr) == c)) big_bool /=.
rewrite [X in (X + _)%N](_ : _ = said1 order1); last first.
  by apply: eq_card => rr; rewrite !inE eqb_id.
rewrite -same -[X in (_ + X)%N](_ : #|~: [set rr | G (order0 rr)]| = _); last first.
  by apply: eq_card => rr; rewrite !inE eqbF_neg.
by rewrite cardsC [RHS]card_prod card_bool mulnC.
Qed.
End Game.

Section MembersGame.
Variables (I : finType) (h : I -> U) (S : {ffun I -> U} -> {ffun I -> U}).
Implicit Types (p : {perm I}) (r b : {ffun I -> U}) (o : {ffun I -> option U}).
Notation requests := (requests h).
Notation seen := (seen h S).

(* Whether the session that asked for message j is answered with the root of its value. *)
Definition answered p b (j : I) : bool := S b (p^-1 j) ^+ e == b (p^-1 j).
Definition outcome p b : {ffun I -> option U} :=
  [ffun j => if answered p b j then Some (BlindSign (h j)) else None].

Lemma seenE p r : seen p r = (requests p r, outcome p (requests p r)).
Proof.
rewrite /seen; congr (_, _); apply/ffunP=> j; rewrite !ffunE.
have V : Verify (h j) (token h S p r j) = answered p (requests p r) j.
  by rewrite /token check_is_public /answered ffunE permKV.
by rewrite -V; case: ifP => // /signature_unique ->.
Qed.

Lemma count_seen p b o : #|[set r | seen p r == (b, o)]| = (o == outcome p b).
Proof.
pose r0 : {ffun I -> U} := [ffun i => link (b i) (h (p i))].
have R0 : requests p r0 = b by apply/ffunP=> i; rewrite !ffunE link_consistent.
case: eqP => [->|No] /=.
  apply/eqP/cards1P; exists r0; apply/setP=> r; rewrite !inE seenE; apply/eqP/eqP=> [[Eb _]|->].
    by apply/ffunP=> i; move/ffunP/(_ i): Eb; rewrite !ffunE => /link_unique.
  by rewrite R0.
apply/eqP; rewrite cards_eq0; apply/eqP/setP=> r; rewrite !inE seenE; apply/eqP=> -[Eb Eo].
by apply: No; rewrite -Eb -Eo Eb.
Qed.

(* Claim.Unlinkable. The game with N members: where all sessions succeed, equally many choices of all
   blinding factors give each view, whatever the secret order; a guess at the order is right once in N!,
   and at one token's session once in N. *)
Theorem members p1 p2 b o : (forall i, S b i ^+ e == b i) ->
  #|[set r | seen p1 r == (b, o)]| = #|[set r | seen p2 r == (b, o)]|.
Proof.
move=> all; rewrite !count_seen; congr (nat_of_bool (_ == _)).
by apply/ffunP=> j; rewrite !ffunE /answered !all.
Qed.

(* Claim.AbortsTellNothing. Where some fail: the orders in which the same messages fail are equally likely,
   so the sessions that succeed stay as unlinkable among themselves as if the others had never been. *)
Theorem members_with_aborts p1 p2 b o : answered p1 b =1 answered p2 b ->
  #|[set r | seen p1 r == (b, o)]| = #|[set r | seen p2 r == (b, o)]|.
Proof.
move=> same; rewrite !count_seen; congr (nat_of_bool (_ == _)).
by apply/ffunP=> j; rewrite !ffunE same.
Qed.
End MembersGame.
End PermutingKey.

(* ---- A key whose x -> x^e does not permute the units --------------------------------------------------- *)
Section BadKey.
Variable q : nat.
Hypotheses (q_pr : prime q) (qe : q %| e) (qphi : q %| totient n).

Lemma torsion : exists2 z : U, z != 1 & z ^+ e = 1.
Proof.
have [|z _ oz] := @Cauchy _ q [group of [set: U]] q_pr; first by rewrite cardU.
exists z; last by apply/eqP; rewrite -order_dvdn oz.
by rewrite -order_gt1 oz prime_gt1.
Qed.

Lemma not_onto : exists c : U, forall r : U, r ^+ e != c.
Proof.
have [z z1 ze] := torsion.
suff: [exists c : U, [forall r : U, r ^+ e != c]].
  by case/existsP=> c /forallP Hc; exists c.
apply: contraT; rewrite negb_exists => /forallP H.
have surj : #|[set r ^+ e | r in [set: U]]| == #|[set: U]|.
  apply/eqP/eq_card => c; rewrite inE; have := H c; rewrite negb_forall.
  by case/existsP=> r; rewrite negbK => /eqP <-; apply: imset_f; rewrite inE.
have /imset_injP inj := surj.
by case/eqP: z1; apply: inj; rewrite ?inE // ze expg1n.
Qed.

(* Limit.AbortLeaks. Some value can have been sent for one message and cannot have been sent for another. *)
Theorem blindness_fails : exists h1 h2 b : U,
  (exists r, Blind h1 r = b) /\ (forall r, Blind h2 r <> b).
Proof.
have [c Hc] := not_onto.
exists 1, c, 1; split; first by exists 1; rewrite /Blind expg1n mulg1.
move=> r; rewrite /Blind => E; have/eqP[] := Hc r^-1.
by rewrite expgVn; apply/eqP; rewrite eq_sym eq_mulgV1 invgK E.
Qed.

(* Claim.KeyPermutes. Of all units at most one in q has an e-th root. (eprint 2018/057, claim 4.5.) *)
Theorem roots_are_rare : #|[set x ^+ e | x : U]| * q <= #|[set: U]|.
Proof.
have fM : {in [set: U] &, {morph (fun x : U => x ^+ e) : x y / x * y}}.
  by move=> x y _ _; apply: expUM.
pose f := Morphism fM.
have [|z _ oz] := @Cauchy _ q [group of [set: U]] q_pr; first by rewrite cardU.
have zk : <[z]> \subset 'ker f.
  rewrite cycle_subG; apply/kerP; rewrite ?inE //=.
  by apply/eqP; rewrite -order_dvdn oz.
have -> : [set x ^+ e | x : U] = f @* [set: U].
  rewrite morphimEdom; apply/setP=> c.
  by apply/imsetP/imsetP=> -[x _ ->]; exists x; rewrite ?inE.
rewrite card_morphim setIid -(LagrangeI [set: U] ('ker f)) setTI mulnC.
by rewrite leq_mul2r -oz subset_leq_card ?orbT.
Qed.

(* Claim.KeyPermutes. Of all k-tuples (rho_1, ..., rho_k) at most one in q^k has k roots. *)
Theorem certificate_sound k :
  #|[set rho : {ffun 'I_k -> U} | [forall i, [exists x : U, x ^+ e == rho i]]]| * q ^ k
  <= #|[set: {ffun 'I_k -> U}]|.
Proof.
have -> : #|[set: {ffun 'I_k -> U}]| = (#|[set: U]| ^ k)%N.
  by rewrite !cardsT card_ffun card_ord.
have -> : #|[set rho : {ffun 'I_k -> U} | [forall i, [exists x : U, x ^+ e == rho i]]]|
          = (#|[set x ^+ e | x : U]| ^ k)%N.
  rewrite -[k in RHS]card_ord -card_ffun_on.
  rewrite cardsE; apply: eq_card => rho; rewrite !unfold_in.
  apply: eq_forallb => i; apply/existsP/imsetP=> [[x /eqP <-]|[x _ ->]]; first by exists x.
  by exists x.
by rewrite -expnMn; elim: k => // k IH; rewrite !expnS leq_mul ?roots_are_rare.
Qed.
End BadKey.

(* Claim.KeyPermutes. The key certificate with its eight roots: for a prime e that divides phi(n), at most
   one choice in e^8 of (rho_1, ..., rho_8) can be answered. *)
Corollary eight_roots : prime e -> e %| totient n ->
  #|[set rho : {ffun 'I_8 -> U} | [forall i, [exists x : U, x ^+ e == rho i]]]| * e ^ 8
  <= #|[set: {ffun 'I_8 -> U}]|.
Proof. by move=> pe ephi; exact: (certificate_sound pe (dvdnn e) ephi 8). Qed.

Lemma exponent_inverse : 0 < e -> coprime e (totient n) -> exists d', e * d' = 1 %[mod totient n].
Proof.
move=> e0 ce; case: (egcdnP (totient n) e0) => km kn E _; exists km.
by rewrite mulnC E (eqP ce) modnMDl.
Qed.

(* Claim.KeyPermutes. For a prime e the criterion is exact: x -> x^e permutes the units unless e divides
   phi(n). *)
Theorem permutes_iff : prime e ->
  injective (fun x : U => x ^+ e) <-> ~~ (e %| totient n).
Proof.
move=> pe; split=> [inj|ndvd].
  apply/negP=> ephi; have [z /eqP z1 ze] := torsion pe (dvdnn e) ephi.
  by apply: z1; apply: inj; rewrite ze expg1n.
have [d' ed] : exists d', e * d' = 1 %[mod totient n].
  by apply: exponent_inverse; rewrite ?prime_gt0 ?prime_coprime.
have E (z : U) : (z ^+ e) ^+ d' = z.
  by rewrite -expgM -(expg_mod _ (expU_totient z)) ed (expg_mod _ (expU_totient z)) expg1.
by move=> x y xy; rewrite -(E x) xy E.
Qed.

(* Claim.KeyPermutes. And the exponent of every key is prime. *)
Theorem exponent_prime : prime (2 ^ 16 + 1).
Proof. by vm_compute. Qed.

(* Claim.Blind, Claim.KeyPermutes. Every value fits every message exactly if gcd(e, phi(n)) = 1. *)
Corollary blind_iff : 0 < e ->
  (forall h1 h2 b : U, (exists r, Blind h1 r = b) -> exists r, Blind h2 r = b)
  <-> coprime e (totient n).
Proof.
move=> e0; split=> [H|ce]; last first.
  move=> h1 h2 b _; have [d' Hd] := exponent_inverse e0 ce.
  exists ((b * h2^-1) ^+ d'); rewrite /Blind -expgM mulnC.
  rewrite -(expg_mod _ (expU_totient _)) Hd (expg_mod _ (expU_totient _)).
  by rewrite expg1 mulUC mulgKV.
apply/negPn/negP=> nce.
have g1 : 1 < gcdn e (totient n) by rewrite ltn_neqAle eq_sym nce gcdn_gt0 e0.
set q := pdiv (gcdn e (totient n)).
have qp : prime q by apply: pdiv_prime.
have [qe qt] : q %| e /\ q %| totient n.
  by apply/andP; rewrite -dvdn_gcd pdiv_dvd.
have [h1 [h2 [b [Hb Nb]]]] := blindness_fails qp qe qt.
by have [r /Nb] := H h1 h2 b Hb.
Qed.

(* ---- Why there is a hash, and why nothing is verified by its product ----------------------------------- *)

(* Claim.HashStopsProducts. Without the hash the product of two signatures is the signature of the product, *)
Theorem product_verifies h1 h2 s1 s2 :
  Verify h1 s1 -> Verify h2 s2 -> Verify (h1 * h2) (s1 * s2).
Proof. by move=> /eqP v1 /eqP v2; rewrite /Verify expUM v1 v2. Qed.

(* Claim.HashStopsProducts. a multiple by x of the multiple by x^e, *)
Theorem multiple_verifies h s x : Verify h s -> Verify (h * x ^+ e) (s * x).
Proof. by move=> /eqP v; rewrite /Verify expUM v. Qed.

(* Claim.HashStopsProducts. a power of the power. *)
Theorem power_verifies h s k : Verify h s -> Verify (h ^+ k) (s ^+ k).
Proof. by move=> /eqP <-; rewrite /Verify -!expgM mulnC. Qed.

(* Claim.OneByOne. The product test accepts every honest batch ... *)
Theorem product_test_complete (I : finType) (h s : I -> U) :
  (forall i, Verify (h i) (s i)) ->
  (\prod_i s i) ^+ e = \prod_i h i.
Proof.
move=> H; rewrite (big_morph (fun x : U => x ^+ e) (id1 := 1) (op1 := mulg)).
- by apply: eq_bigr => i _; apply/eqP; apply: H.
- by move=> x y; apply: expUM.
- exact: expg1n.
Qed.

(* Claim.OneByOne. ... and batches in which not one is a signature. *)
Theorem product_test_unsound h1 h2 s1 s2 x : x ^+ e != 1 ->
  Verify h1 s1 -> Verify h2 s2 ->
  [/\ ((s1 * x) * (s2 * x^-1)) ^+ e = h1 * h2,
      ~~ Verify h1 (s1 * x) & ~~ Verify h2 (s2 * x^-1)].
Proof.
move=> xe /eqP v1 /eqP v2; split.
- rewrite [s2 * _]mulUC mulgA -[s1 * x * _]mulgA mulgV mulg1.
  by rewrite expUM v1 v2.
- by rewrite /Verify expUM v1 -{2}[h1]mulg1 (inj_eq (mulgI h1)).
- rewrite /Verify expUM v2 -{2}[h2]mulg1 (inj_eq (mulgI h2)) expgVn.
  by rewrite -(inj_eq invg_inj) invgK invg1.
Qed.
End BlindSignature.

(* ---- The same in integers, as the code computes it ----------------------------------------------------- *)

(* Claim.Blind. Blinding never hides a factor that h shares with n: so h has to be a unit (UnitFromBytes.4). *)
Theorem gcd_shows n e h r : coprime n r -> gcdn n ((h * r ^ e) %% n) = gcdn n h.
Proof. by move=> cr; rewrite gcdn_modr Gauss_gcdl // coprimeXr. Qed.

(* Property.Unblind. With r_inv any inverse of r (ModInverse), (h * r^e)^d * r_inv = h^d (mod n). *)
Theorem unblind_integers n e d h r r_inv :
  coprime h n -> coprime r n -> r * r_inv = 1 %[mod n] ->
  0 < e * d -> e * d = 1 %[mod totient n] ->
  (h * r ^ e) ^ d * r_inv = h ^ d %[mod n].
Proof.
move=> ch cr rri ed0 /eqP; rewrite eqn_mod_dvd // => /dvdnP[k E].
have eul a : coprime a n -> a ^ (e * d) = a %[mod n].
  move=> ca; rewrite -(subnK ed0) E expnD expn1 mulnC (mulnC k) expnM.
  by rewrite -modnMmr -modnXm Euler_exp_totient // modnXm exp1n modnMmr muln1.
rewrite expnMn -expnM -mulnA -modnMmr -(modnMml (r ^ _) r_inv) eul //.
by rewrite modnMml rri modnMmr muln1.
Qed.

(* Claim.FaultTellsNothing. A CRT result that is right modulo p and wrong modulo q gives away p: what
   RawPrivate.8 withholds. (Boneh, DeMillo, Lipton 1997; Lenstra 1996.) *)
Theorem fault_gives_factor p q e h s : prime p -> prime q -> p != q ->
  h <= s ^ e -> s ^ e = h %[mod p] -> s ^ e <> h %[mod q] ->
  gcdn (s ^ e - h) (p * q) = p.
Proof.
move=> pp pq npq le /eqP; rewrite eqn_mod_dvd // => dp /eqP.
rewrite eqn_mod_dvd // => ndq; have/dvdnP[k E] := dp.
rewrite E mulnC -muln_gcdr; suff -> : gcdn k q = 1%N by rewrite muln1.
apply/eqP; rewrite -/(coprime k q) coprime_sym prime_coprime //.
by apply: contra ndq; rewrite E => /dvdn_mulr->.
Qed.

(* The hypotheses of PermutingKey and of BadKey can be met: by n = 33 with e = 3, and n = 35 with e = 3. *)
Example a_permuting_key : 1 < 33 /\ 3 * 7 = 1 %[mod totient 33]. Proof. by []. Qed.
Example a_bad_key : prime 3 /\ 3 %| totient 35. Proof. by []. Qed.
