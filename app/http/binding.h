// Spec chapter 11-http: the binding of a borrow to HTTP, as far as it needs no socket.
#pragma once

#include "app/http/tables.h"
#include "app/http/text.h"
#include "ref/redemption.h"

namespace blindlend {

/// What a challenge names. group: 1 to 64 bytes; number: 1 or more; lender: 32 bytes.
struct Challenge {
  Bytes group;
  std::uint64_t number;
  Bytes lender;
};

/// An error as it goes out. status: of HTTP; body: JSON.
struct ErrorMessage {
  int status;
  Bytes body;
};

/// How far a request had come upstream.
enum class Stage { kUnsent, kSent, kReplied };

/// What becomes of a claim.
enum class ClaimEnd { kSettle, kRelease };

/// What becomes of a member's token.
enum class TokenEnd { kServed, kReleased, kPending };

/// Padded base64url. RFC 4648 section 5.
std::string EncodeBase64Url(View bytes);

/// The inverse of EncodeBase64Url, and of nothing else.
/// Fails at DecodeBase64Url.1 (of the other alphabet), .2 (not what EncodeBase64Url makes).
std::expected<Bytes, Failure> DecodeBase64Url(std::string_view text);

/// The value of the header Authorization. sealed: a borrow.
std::string EncodeAuthorization(View sealed);

/// The borrow in it, not looked into.
/// Fails at ParseAuthorization.1 (how it begins), .2 (how it ends, length), .3 (base64url).
std::expected<Bytes, Failure> ParseAuthorization(std::string_view value);

/// The value of the header WWW-Authenticate. Fails at EncodeChallenge.1 (out of range).
std::expected<std::string, Failure> EncodeChallenge(const Challenge& challenge);

/// Fails at ParseChallenge.1 (form), .2 (base64url), .3 (number), .4 (not the one form).
std::expected<Challenge, Failure> ParseChallenge(std::string_view value);

/// Whether this is lent. Fails at CheckTarget.1 (form), .3 (not in targets), .4 (the query).
std::expected<void, Failure> CheckTarget(const Targets& targets, const std::string& method,
                                         std::string_view target);

/// Whether a request to the proxy comes from a tool and not from a web page. anywhere: whether the proxy
/// is reached from other machines. Fails at CheckCaller.1, .2 (as a page could send it), .3 (not one
/// host), .6 (which host).
std::expected<void, Failure> CheckCaller(std::string_view method,
                                         const std::vector<Header>& headers, bool anywhere);

/// How many bytes of body follow, at most max_body.
/// Fails at CheckFraming.1 (transfer coding), .2 (content coding), .3 (no length), .4 (no clear
/// length), .5 (too large), .6 (a GET with a body).
std::expected<std::uint64_t, Failure> CheckFraming(std::string_view method,
                                                   const std::vector<Header>& headers,
                                                   std::uint64_t max_body);

/// What of a request's headers is passed on, in canonical form.
/// Fails at FilterRequestHeaders.4 (a value's form), .5 (a name twice).
std::expected<std::vector<Header>, Failure> FilterRequestHeaders(
    const std::vector<Header>& headers);

/// The head of a request as it goes out. target: with the path of the URL in front; host: with its port, if
/// that is not the scheme's; headers: besides those that every request has; length: of the body.
Bytes EncodeRequestHead(std::string_view method, std::string_view target, std::string_view host,
                        const std::vector<Header>& headers, std::uint64_t length);

/// The body without what names a member.
/// Fails at FilterBody.2 (no JSON object within bounds), .3 (refers to something kept upstream).
std::expected<Bytes, Failure> FilterBody(View body);

/// What RequestDigest covers. kept: from FilterRequestHeaders; body: from FilterBody.
Bytes CanonicalRequest(std::string_view method, std::string_view target,
                       const std::vector<Header>& kept, View body);

/// An error of the spec's table. step: a label, or empty. Fails at ErrorReply.1 (no such code).
std::expected<ErrorMessage, Failure> ErrorReply(std::string_view code, std::string_view step);

/// status: with kReplied 200 to 599, otherwise 0; unbilled: what upstream does not bill.
ClaimEnd Outcome(Stage stage, int status, const std::set<int>& unbilled);

/// Which error of the spec's table a reply is, or "".
std::string CodeOfReply(int status, View body);

/// status: of the reply, from 200; header: the value of Blindlend-Token, or empty; code: from CodeOfReply;
/// resent: whether the same bytes had been sent before.
TokenEnd TokenAfter(int status, std::string_view header, std::string_view code, bool resent);

/// How long a reply's body is, or nothing if it comes in chunks. headers: of a status other than 204 and
/// 304. Fails at CheckReplyFraming.1 (encoded), .2, .4 (no clear end).
std::expected<std::optional<std::uint64_t>, Failure> CheckReplyFraming(
    const std::vector<Header>& headers);

/// What of a reply's headers is passed on.
std::vector<Header> FilterResponseHeaders(const std::vector<Header>& headers);

/// The whole events of held and bytes. held: at first nothing; then the beginning of the next event.
/// Takes time in proportion to bytes. Fails at SplitEvents.3 (an event of more than 2^20 bytes).
std::expected<Bytes, Failure> SplitEvents(Bytes& held, View bytes);

}  // namespace blindlend
