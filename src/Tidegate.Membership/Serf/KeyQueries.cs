using Tidegate.Membership.Serf.Messages;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Serf;

/// <summary>Answers the four queries about keys (annex A7).</summary>
internal static class KeyQueries
{
    internal const string Install = "_serf_install-key";
    internal const string Use = "_serf_use-key";
    internal const string Remove = "_serf_remove-key";
    internal const string List = "_serf_list-keys";

    private const string NoEncryption = "Encryption is off here: this member was started without a key.";

    /// <param name="query">One of the four.</param>
    /// <param name="keys">The keyring; null where encryption is off.</param>
    internal static KeyAnswerMessage Answer(IncomingQuery query, IKeyOperations? keys)
    {
        if (keys is null)
        {
            return Failed(NoEncryption);
        }

        if (query.Name == List)
        {
            return Listed(query, keys);
        }

        if (!SerfFields.TryRead(query.Payload.Span, out KeyRequestMessage request))
        {
            return Failed("The key could not be read.");
        }

        RawBytes key = request.Key;
        IReadOnlyList<byte[]> installed = keys.Keys;
        bool known = installed.Any(one => key.Span.SequenceEqual(one));
        bool primary = installed.Count > 0 && key.Span.SequenceEqual(installed[0]);
        string? failure = query.Name switch
        {
            Install when known => null,
            Install when key.Length is not (16 or 24 or 32) => $"A key has 16, 24 or 32 bytes, not {key.Length}.",
            Install => keys.Install(key.Span),
            Use when !known => "This key is not installed. Install it first.",
            Use when primary => null,
            Use => keys.Use(key.Span),
            Remove when primary => "This key is in use. Use another one first.",
            Remove when !known => null,
            Remove => keys.Remove(key.Span),
            _ => $"There is no operation {query.Name}.",
        };
        return failure is null ? new() { Result = true } : Failed(failure);
    }

    /// <summary>The keys, without the last ones where not all fit an answer.</summary>
    private static KeyAnswerMessage Listed(IncomingQuery query, IKeyOperations keys)
    {
        List<string> texts = [.. keys.Keys.Select(Convert.ToBase64String)];
        int all = texts.Count;
        KeyAnswerMessage answer = new() { Result = true, Keys = texts, PrimaryKey = all > 0 ? texts[0] : "" };
        while (texts.Count > 0 && !query.Fits(RawBytes.CopyOf(answer.ToBytes())))
        {
            texts.RemoveAt(texts.Count - 1);
            answer = answer with { Message = $"Only {texts.Count} of {all} keys fit this answer." };
        }

        return answer;
    }

    private static KeyAnswerMessage Failed(string message) => new() { Message = message };
}
