using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Configuration.Description;
using Tidegate.Gateway.Services;

namespace Tidegate.Gateway.Tests.Configuration;

/// <summary>A name in the list that no description has would refuse nothing.</summary>
public sealed class UnservedListTests
{
    [Fact]
    public void Whatever_start_refuses_is_something_that_is_read()
    {
        HashSet<(string, string)> known =
        [
            .. from element in (ElementDescription[])[GatewayElements.Root, GatewayElements.Service, GatewayElements.ServiceDefaults]
               from child in element.Children
               from name in (string?[])[child.Element.Name, child.Element.Alias]
               where name is not null
               select ($"<{element.Name}>", name),
            .. from @group in ServiceTypes.All.Select(type => type.Properties).Append(AcceptSettings.Group).Append(ConnectSettings.Group)
               from setting in @group.Settings
               select (@group.Place, setting.Name),
        ];

        Assert.All(UnservedYet.All, entry => Assert.Contains(entry, known));
    }
}
