using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Tidegate.Gateway.Services.Directory;

/// <summary>What the conditions of a request come to.</summary>
internal enum Verdict
{
    /// <summary>It is to be answered as if it had none.</summary>
    Proceed,

    /// <summary>The client has the file already: 304.</summary>
    NotModified,

    /// <summary>The file is not the one that the client means: 412.</summary>
    Failed,
}

/// <summary>Conditional requests of GET and HEAD, in the order that RFC 9110, section 13.2.2, has them.</summary>
internal static class Preconditions
{
    /// <summary>Judges the conditions of a request.</summary>
    /// <param name="headers">The request's headers.</param>
    /// <param name="tag">The file's entity tag, a strong one, in its quotes.</param>
    /// <param name="modified">The file's last modification, to the second.</param>
    internal static Verdict Judge(IHeaderDictionary headers, string tag, DateTimeOffset modified)
    {
        if (headers.IfMatch.Count > 0)
        {
            if (!Names(headers.IfMatch, tag, weakly: false))
            {
                return Verdict.Failed;
            }
        }
        else if (TryReadDate(headers.IfUnmodifiedSince, out DateTimeOffset unmodified) && modified > unmodified)
        {
            return Verdict.Failed;
        }

        if (headers.IfNoneMatch.Count > 0)
        {
            return Names(headers.IfNoneMatch, tag, weakly: true) ? Verdict.NotModified : Verdict.Proceed;
        }

        return TryReadDate(headers.IfModifiedSince, out DateTimeOffset since) && modified <= since ? Verdict.NotModified : Verdict.Proceed;
    }

    /// <summary>
    /// Whether a range may be sent: there is no <c>If-Range</c>, or it is for the file as it is (RFC 9110, section 13.1.5). Its date has to be
    /// the very one of the file: a file that was put back may be older than it was, and another.
    /// </summary>
    internal static bool AdmitRange(IHeaderDictionary headers, string tag, DateTimeOffset modified) =>
        headers.IfRange is not { Count: > 0 } condition
        || (condition is [{ } text] && (text.Contains('"', StringComparison.Ordinal)
            ? string.Equals(text.Trim(), tag, StringComparison.Ordinal)
            : TryReadDate(condition, out DateTimeOffset date) && date == modified));

    /// <summary>Whether a list of entity tags has this one (RFC 9110, section 8.8.3.2), or is <c>*</c>, which is every one there is.</summary>
    private static bool Names(StringValues list, string tag, bool weakly)
    {
        if (!EntityTagHeaderValue.TryParseList(list, out IList<EntityTagHeaderValue>? tags))
        {
            return false;
        }

        foreach (EntityTagHeaderValue each in tags)
        {
            if (each.Tag == "*" || (each.Tag == tag && (weakly || !each.IsWeak)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Reads a date. One that is none counts as not sent (RFC 9110, sections 13.1.3 and 13.1.4).</summary>
    private static bool TryReadDate(StringValues header, out DateTimeOffset date)
    {
        date = default;
        return header is [{ } text] && HeaderUtilities.TryParseDate(text, out date);
    }
}
