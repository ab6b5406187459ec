using Tidegate.Membership.Serf;

namespace Tidegate.Membership.Tests.Serf;

/// <summary>Keys in a list, the one that seals first.</summary>
internal sealed class TestKeyring(params byte[][] keys) : IKeyOperations
{
    private readonly List<byte[]> _keys = [.. keys];

    internal string? Failure { get; set; }

    public IReadOnlyList<byte[]> Keys => _keys;

    internal static byte[] Key(int number) => [.. Enumerable.Repeat((byte)number, 16)];

    public string? Install(ReadOnlySpan<byte> key)
    {
        string? failure = _keys.Count < 64 ? Failure : "There are 64 keys already.";
        if (failure is null)
        {
            _keys.Add(key.ToArray());
        }

        return failure;
    }

    public string? Use(ReadOnlySpan<byte> key)
    {
        byte[] used = key.ToArray();
        _keys.RemoveAll(used.SequenceEqual);
        _keys.Insert(0, used);
        return null;
    }

    public string? Remove(ReadOnlySpan<byte> key)
    {
        byte[] removed = key.ToArray();
        _keys.RemoveAll(removed.SequenceEqual);
        return null;
    }
}
