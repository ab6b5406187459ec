using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Protocol;

/// <summary>Finding others: seeds, and members that failed, again and again.</summary>
internal sealed partial class ProtocolCore
{
    private const int FirstJoinPause = 100;

    /// <summary>Failed members that are pinged each time.</summary>
    private const int CalledAtOnce = 3;

    private MemberAddress[] _seeds = [];
    private int _joinPause = FirstJoinPause;
    private int _nextSeed;
    private long _lastStranger = MemberRecord.Never;

    /// <summary>Replaces the addresses at which others may be found.</summary>
    internal void SetSeeds(IReadOnlyList<MemberAddress> seeds) => _seeds = [.. seeds.Where(seed => seed != _self.Address && seed.IsUsable)];

    /// <summary>Joins whoever is at an address, for instance the sender of a beacon. Does nothing if it is a live member.</summary>
    internal void Join(long now, in MemberAddress address)
    {
        Observe(now);
        if (!_leaving && address.IsUsable && _table.At(address) is not { IsAlive: true } && !IsAsked(address))
        {
            StartPushPull(address, join: true, partner: null);
        }
    }

    /// <summary>Exchanges states with a member soon, because its records seem to differ. Does nothing where that is under way, or nobody is there.</summary>
    internal void RequestPushPull(long now, string name)
    {
        Observe(now);
        if (_table.Find(name) is { IsSelf: false, IsAlive: true } record && !_leaving && !IsAsked(record.Address))
        {
            StartPushPull(record.Address, join: false, record);
        }
    }

    private bool IsAsked(in MemberAddress address)
    {
        foreach (Exchange exchange in _exchanges.Values)
        {
            if (exchange.To == address)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A joiner asks once more, somebody else: what was told while few knew it may have passed it by.</summary>
    private void AskAgainAfterJoining() => _timers.Add(Now + (_options.ReconnectInterval / 2) + _random.Next(_options.ReconnectInterval), _ =>
    {
        if (!_leaving)
        {
            ExchangeWithAnyone();
        }
    });

    // While alone: every seed in turn, soon at first and then every second for ever.
    private void OnJoinTick()
    {
        if (_leaving)
        {
            return;
        }

        if (_table.Live <= 1 && _seeds.Length > 0)
        {
            StartPushPull(_seeds[_nextSeed++ % _seeds.Length], join: true, partner: null);
        }

        _timers.Add(Now + _joinPause + _random.Next(_joinPause / 2), _ => OnJoinTick());
        _joinPause = Math.Min(_joinPause * 2, _options.ReconnectInterval);
    }

    private void OnReconnectTick()
    {
        _timers.Add(Now + _options.ReconnectInterval, _ => OnReconnectTick());
        if (_leaving || !_options.Has(Additions.Reconnect))
        {
            return;
        }

        CallTheFailed();

        // All together exchange states with each failed member about once a second, however many they are.
        if (_table.Failed > 0 && IsMyTurn(_table.Failed))
        {
            _table.Pick(_random, 1, _picked, static record => record.Status == MemberStatus.Dead);
            StartPushPull(_picked[0].Address, join: false, _picked[0]);
        }

        if (_table.Live > 1 && _seeds.Length > 0 && IsMyTurn(1))
        {
            MemberAddress seed = _seeds[_nextSeed++ % _seeds.Length];
            if (_table.At(seed) is null or { Status: MemberStatus.Left })
            {
                StartPushPull(seed, join: false, partner: null);
            }
        }
    }

    /// <summary>
    /// Pings a few of those that failed, and tells them so: whoever lives then refutes, even where this member is the only one
    /// that holds it for dead.
    /// </summary>
    private void CallTheFailed()
    {
        if (_table.Failed == 0)
        {
            return;
        }

        _table.Pick(_random, CalledAtOnce, _picked, static record => record.Status == MemberStatus.Dead);
        foreach (MemberRecord record in _picked)
        {
            byte[] ping = Encode(new PingMessage(Expect(record), record.Name, MessageSource.None));
            byte[][] packet = record.IsPrivate ? [ping] : [ping, Encode(new DeadMessage(record.Incarnation, record.Name, _self.Name))];
            _host.SendPacket(record.Address, packet, checksum: record.ProtocolMaximum >= 5);
        }
    }

    /// <summary>One that failed has answered: it is there, and its state says with which incarnation.</summary>
    private void Welcome(MemberRecord record)
    {
        if (!_leaving && _options.Has(Additions.Reconnect) && Now - record.LastCorrected >= _options.ReconnectInterval)
        {
            record.LastCorrected = Now;
            StartPushPull(record.Address, join: false, record);
        }
    }

    /// <summary>Somebody pings this member and is not known: word of it has not come this far.</summary>
    private void MeetStranger(in MemberAddress address)
    {
        if (Now - _lastStranger >= _options.ReconnectInterval && address.IsUsable && !IsAsked(address))
        {
            _lastStranger = Now;

            // A recorded ping can lead anywhere, so what is said there is looked into.
            StartPushPull(address, join: false, partner: null, isVouchedFor: false);
        }
    }

    private bool IsMyTurn(int wanted) => IsHeldBack || _random.NextDouble() * _table.Live < wanted;
}
