using System.Buffers.Binary;
using System.Collections.Immutable;
using Tidegate.Gateway.Security;

namespace Tidegate.Gateway.Cluster;

/// <summary>
/// Tells the other members what has been used that is good once, and hears it from them. A help and no promise: it takes a moment to
/// reach them, and of very many only the last ones are told.
/// </summary>
internal sealed class SharedUses : IDisposable
{
    /// <summary>As many as a member tells of; each costs its record 27 characters.</summary>
    internal const int Maximum = 128;

    /// <summary>The shortest time between two tellings: each goes to the whole cluster.</summary>
    internal static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    // A hash, and the second since 1970 until which it counts.
    private const int EntryLength = UsedHash.Length + sizeof(uint);

    private readonly UsedOnce _used;
    private readonly Action<ReadOnlyMemory<byte>> _tell;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly Queue<(UsedHash Hash, long Until)> _recent = new();
    private readonly ITimer _timer;
    private long? _told;
    private bool _isDue;

    /// <param name="used">What remembers.</param>
    /// <param name="tell">Tells the others, in place of what was told before.</param>
    /// <param name="time">The clock.</param>
    internal SharedUses(UsedOnce used, Action<ReadOnlyMemory<byte>> tell, TimeProvider time)
    {
        (_used, _tell, _time) = (used, tell, time);
        _timer = time.CreateTimer(_ => Tell(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        used.Used += OnUsed;
    }

    /// <summary>Remembers what another member tells. What is longer than what one tells is cut off.</summary>
    internal void Learn(ReadOnlySpan<byte> told)
    {
        long now = _time.GetUtcNow().ToUnixTimeSeconds();
        for (int i = 0; i < Maximum && told.Length >= EntryLength; i++, told = told[EntryLength..])
        {
            long until = BinaryPrimitives.ReadUInt32BigEndian(told[UsedHash.Length..]);
            _used.Learn(UsedHash.Of(told[..UsedHash.Length]), TimeSpan.FromSeconds(until - now));
        }
    }

    public void Dispose()
    {
        _used.Used -= OnUsed;
        _timer.Dispose();
    }

    private void OnUsed(UsedHash hash, TimeSpan life)
    {
        lock (_gate)
        {
            if (_recent.Count == Maximum)
            {
                _recent.Dequeue();
            }

            _recent.Enqueue((hash, (_time.GetUtcNow() + life).ToUnixTimeSeconds()));
            if (!_isDue)
            {
                _isDue = true;
                TimeSpan wait = _told is { } told ? Interval - _time.GetElapsedTime(told) : TimeSpan.Zero;
                _timer.Change(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private void Tell()
    {
        byte[] bytes;
        lock (_gate)
        {
            (_isDue, _told) = (false, _time.GetTimestamp());
            long now = _time.GetUtcNow().ToUnixTimeSeconds();
            bytes = [.. _recent.Where(one => one.Until > now).SelectMany(Entry)];
        }

        _tell(bytes);
    }

    private static byte[] Entry((UsedHash Hash, long Until) one)
    {
        byte[] entry = new byte[EntryLength];
        Convert.FromBase64String(one.Hash.Key).CopyTo(entry, 0);
        BinaryPrimitives.WriteUInt32BigEndian(entry.AsSpan(UsedHash.Length), (uint)one.Until);
        return entry;
    }
}
